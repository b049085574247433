"""The fidelity table: what becomes of each field, as text that people read. `fidelity_table.py` parses it.

    # StatefulSets                                         a heading, for README
    StatefulSetSpec                                        one or more types, or places of a kind, which
      + replicas selector [in-order]                       win over the type: `Pod:spec.initContainers[]`
      ~ affinity: how it differs, or why it is not there
    sign   `+` honoured, `~` approximated, `-` not honoured
    fields `a b c`, or `*` for the rest of the type. `a=x|y` is meant for these values only, `a!=x|y` for all
           others: with other values the field is honoured. `a{x|y}`: for maps with other keys than these.
           `a?b`: also where both fields are left out
    reason after `: `. `~` and `-` need one that says what happens; after a `+` it is a note for people
    tests  `[...]` at the end. `+` needs those that show its fields: handles of `fidelity_tests.py`, or a
           test's whole name, `tests/kubelet/test_spec.py::test_this`
Reads well to people who never saw the code: README's part is made from the reasons (`scripts/fidelity`).
Here are the kinds; what a pod has inside stands in `fidelity_pods.py`.
"""

from minisets.objects.fidelity_pods import PODS

# Not in the table: apiVersion, kind, status (it is reported, not asked for).
KINDS = """
# Metadata
ObjectMeta
  + name namespace [stamped]
  + generateName [named]
  + labels [labels metadata]
  + annotations [metadata]
  + finalizers [finalizers]
  + ownerReferences [dependents]
  + uid creationTimestamp [stamped system-fields]
  + resourceVersion [version]
  + generation [generation]
  + deletionTimestamp deletionGracePeriodSeconds [grace system-fields]
  + selfLink: nobody sets it, as in Kubernetes [system-fields]
  ~ managedFields: for what a controller makes they begin with the first apply, as before-first-apply's
ManagedFieldsEntry
  + * [managers]
OwnerReference
  + apiVersion kind name uid [owners foreign-kinds]
  + controller [one-controller]
  + blockOwnerDeletion [blocking]
ObjectReference
  + * [data]
LabelSelector LabelSelectorRequirement
  + * [selectors]

# StatefulSets
StatefulSet
  + metadata spec [in-order identity]
StatefulSetSpec
  + replicas [in-order scale-down]
  + selector [members]
  + template serviceName [identity]
  + volumeClaimTemplates [claim-volumes]
  + podManagementPolicy [in-order parallel]
  + updateStrategy [rolling on-delete]
  + revisionHistoryLimit [history]
  + minReadySeconds [available]
  + ordinals [ordinals]
  + persistentVolumeClaimRetentionPolicy [claims-deleted claims-scaled]
StatefulSetUpdateStrategy
  + type [rolling on-delete]
  + rollingUpdate [partition]
RollingUpdateStatefulSetStrategy
  + partition [partition]
  + maxUnavailable [unavailable]
StatefulSetOrdinals
  + start [ordinals]
StatefulSetPersistentVolumeClaimRetentionPolicy
  + whenDeleted [claims-deleted]
  + whenScaled [claims-scaled]
ControllerRevision
  + metadata data [revisions data]
  + revision [revision-numbers]
PodDisruptionBudget
  + metadata spec [budgets]
PodDisruptionBudgetSpec
  + minAvailable maxUnavailable [budgets]
  + selector [budget-members]
  + unhealthyPodEvictionPolicy [unhealthy]

# Storage
PersistentVolumeClaim
  + metadata spec [provisioned]
PersistentVolumeClaimSpec
  + accessModes [misfits exclusive]
  + storageClassName [misfits default-class]
  + volumeName [by-name]
  + resources [smallest]
  + selector: for volumes that are there; one that is made for the claim has no labels [by-label]
  - volumeMode!=Filesystem: no block devices; none is made for the claim, which says so
  + dataSource dataSourceRef [from-snapshot]
  - volumeAttributesClassName: no such class is served, the volume is as all others
TypedLocalObjectReference TypedObjectReference
  + apiGroup name [from-snapshot]
  + kind=VolumeSnapshot [from-snapshot]
  - kind!=VolumeSnapshot: the volume begins empty
TypedObjectReference
  - namespace: a claim begins with a snapshot of its own namespace
VolumeResourceRequirements
  + requests [smallest]
  - limits: no quota is set
PersistentVolume
  + metadata spec [provisioned]
PersistentVolumeSpec
  + capacity [smallest]
  + accessModes storageClassName [misfits]
  + claimRef [reserved]
  - persistentVolumeReclaimPolicy=Recycle: nobody scrubs volumes; it is Failed, with its data
  + persistentVolumeReclaimPolicy [reclaimed retained]
  + csi [bound-claims]
  + hostPath local [host-paths]
  + nfs [exports]
  ~ rbd cephfs glusterfs iscsi fc: a Docker volume stands for what it names, and keeps its data
  ~ awsElasticBlockStore gcePersistentDisk: a Docker volume stands for what it names, and keeps its data
  ~ azureDisk azureFile vsphereVolume cinder: a Docker volume stands for what it names, and keeps its data
  - volumeMode!=Filesystem: no block devices; a pod that uses it waits
  + nodeAffinity [reached]
  ~ mountOptions: handed on for nfs; every other volume is mounted as all others
  - volumeAttributesClassName: the volume is mounted as all others
  - *: this machine has no such storage
VolumeNodeAffinity
  + required [reached]
CSIPersistentVolumeSource
  + volumeHandle [bound-claims]
  ~ driver!=docker.minisets.dev: a Docker volume stands for what the handle names, and keeps its data
  + volumeAttributes: `driver` and that driver's options; others' are recorded [attributes]
  + readOnly [remote-read-only]
  - *: no driver is asked
RBDPersistentVolumeSource CephFSPersistentVolumeSource GlusterfsPersistentVolumeSource
  + *: what tells images apart tells volumes apart; how it is reached is recorded [images]
ISCSIPersistentVolumeSource FCVolumeSource AWSElasticBlockStoreVolumeSource
  + *: what tells images apart tells volumes apart; how it is reached is recorded [images]
GCEPersistentDiskVolumeSource AzureDiskVolumeSource AzureFilePersistentVolumeSource
  + *: what tells images apart tells volumes apart; how it is reached is recorded [images]
VsphereVirtualDiskVolumeSource CinderPersistentVolumeSource SecretReference
  + *: what tells images apart tells volumes apart; how it is reached is recorded [images]
NFSVolumeSource
  + server path [exports]
  + readOnly: of a pod's own; a PersistentVolume's is passed over, as in Kubernetes [remote-read-only]
StorageClass
  + metadata [default-class]
  ~ provisioner=minisets.dev/tmpfs: memory, as large as the claim and never larger; lost with the engine
  + provisioner [provisioner]
  + reclaimPolicy [class-policy]
  + volumeBindingMode [late-binding]
  + parameters: `driver` and its options, alike for all claims; paths of the machine are refused [parameters]
  + mountOptions: for what has a `type`; with others claims are refused, as in Kubernetes [mount-options]
  + allowVolumeExpansion: done at once, as volumes have no quota; one in memory stays as it is [expanded]
  + allowedTopologies [topologies]
TopologySelectorTerm TopologySelectorLabelRequirement
  + * [topologies]

VolumeSnapshot VolumeSnapshotContent
  + metadata spec [snapshots]
VolumeSnapshotSpec
  + source [snapshots]
  + volumeSnapshotClassName [snapshot-class]
VolumeSnapshotSource
  + persistentVolumeClaimName [snapshots]
  + volumeSnapshotContentName [snapshot-there]
VolumeSnapshotContentSpec
  + volumeSnapshotRef source [snapshot-there]
  + deletionPolicy [snapshot-policy]
  + driver [snapshot-driver]
  + volumeSnapshotClassName sourceVolumeMode: recorded [snapshots]
VolumeSnapshotContentSource
  + volumeHandle [snapshots]
  + snapshotHandle [snapshot-there]
VolumeSnapshotClass
  + metadata [snapshot-class]
  + driver [snapshot-class]
  + deletionPolicy [snapshot-policy]
  - parameters: copying takes none

# Services
Service
  + metadata spec [endpoints]
ServiceSpec
  + selector [endpoints]
  + ports [endpoints target-ports]
  + publishNotReadyAddresses [published]
  + externalName [aliases]
  + clusterIPs [addresses headless]
  ~ clusterIP!=None?externalName: no data path; its name gives the ready pods' own addresses
  ~ ipFamilies!=["IPv4"] ipFamilyPolicy=RequireDualStack: every address is of IPv4; the rest is recorded
  - type=NodePort|LoadBalancer: no port of the machine is published
  - externalIPs loadBalancerIP loadBalancerClass loadBalancerSourceRanges: no load balancer here
  - externalTrafficPolicy healthCheckNodePort: no load balancer here
  - allocateLoadBalancerNodePorts: no load balancer here
  - sessionAffinity=ClientIP: no data path; each client chooses among the addresses
  - sessionAffinityConfig trafficDistribution: no data path; each client chooses among the addresses
  - internalTrafficPolicy=Local: no data path; each client chooses among all ready addresses
ServicePort
  + name port [endpoints]
  + targetPort [target-ports]
  + protocol appProtocol [protocols]
  - nodePort: no port of the machine is published
Endpoints
  + metadata [data]
  ~ subsets: names follow EndpointSlices, into which these are not mirrored; write those
EndpointSubset EndpointAddress EndpointPort
  + * [data]
EndpointSlice
  + * [data srv]
Endpoint
  + addresses hostname [endpoint-names]
  + conditions [ready-names]
  + nodeName targetRef zone deprecatedTopology hints: recorded, nothing is routed [data]
EndpointConditions
  + ready [ready-names]
  + serving terminating: recorded, names follow `ready` [published-names]
EndpointHints ForNode ForZone
  + * [data]
discovery.EndpointPort
  + name port protocol [srv]
  + appProtocol [data]

# Other kinds
ConfigMap
  + metadata data binaryData [data]
  + immutable [immutable]
Secret
  + metadata data [data]
  + stringData [string-data]
  + type [secret-type]
  + immutable [immutable]
ServiceAccount
  + metadata secrets [data]
  + imagePullSecrets [account-secrets real-account]
  - automountServiceAccountToken: no token is mounted into pods
Namespace
  + metadata spec [finalize]
NamespaceSpec
  + finalizers [finalize]
Node
  + metadata spec [cordon]
NodeSpec
  + unschedulable [cordon]
  + taints [node-affinity driven-away]
  - configSource podPreemptionPolicy: the node is not configured through the API
  + *: recorded [data]
Taint
  + * [node-affinity driven-away]
Event EventSource EventSeries
  + * [data]
PriorityClass
  + metadata description [data]
  + value [classes preempted]
  + globalDefault preemptionPolicy [classes]
Lease LeaseSpec
  + * [data]
"""

# Kinds that are kept, answered and watched, and have no effect; each says so once.
WITHOUT_EFFECT = """
# Kept without effect
Role ClusterRole
  + metadata [data]
  ~ rules?rules: kept without effect; whoever has a token of the cluster may do everything
ClusterRole
  + aggregationRule [data]
RoleBinding ClusterRoleBinding
  + metadata subjects [data]
  ~ roleRef: kept without effect; whoever has a token of the cluster may do everything
PolicyRule AggregationRule RoleRef Subject
  + * [data]
NetworkPolicy
  + metadata [data]
  ~ spec: kept without effect; no traffic between pods is held back
NetworkPolicySpec NetworkPolicyIngressRule NetworkPolicyEgressRule NetworkPolicyPort NetworkPolicyPeer IPBlock
  + * [data]
LimitRange
  + metadata [data]
  ~ spec: kept without effect; no pod and no claim gets a default from it or is refused
LimitRangeSpec LimitRangeItem
  + * [data]
ResourceQuota
  + metadata [data]
  ~ spec: kept without effect; nothing is counted and nothing refused
ResourceQuotaSpec ScopeSelector ScopedResourceSelectorRequirement
  + * [data]
autoscaling.v2.HorizontalPodAutoscaler
  + metadata [data]
  ~ spec: kept without effect; nothing is scaled, use `kubectl scale`
autoscaling.v2.HorizontalPodAutoscalerSpec autoscaling.v2.CrossVersionObjectReference
  + * [data]
MetricSpec MetricTarget MetricIdentifier ResourceMetricSource ContainerResourceMetricSource
  + * [data]
PodsMetricSource ObjectMetricSource ExternalMetricSource
  + * [data]
HorizontalPodAutoscalerBehavior HPAScalingRules HPAScalingPolicy
  + * [data]
"""

TABLE = PODS + KINDS + WITHOUT_EFFECT
