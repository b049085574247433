"""The fidelity table: what becomes of each field, as text that people read. `fidelity.py` parses it.

A type, or one place of a kind (`Pod:spec.volumes[]`), which wins over the type; below it fields under a sign:
`+` honoured, `~` approximated, `-` not honoured, the last two with a reason. `*` is the rest of the type.
`field=a|b` is meant for these values only, `field!=a|b` for all others; otherwise the field is honoured.
`field{a|b}`: for maps with other keys than these; `field?other`: also where both fields are left out.
A reason after a `+` is a note for people and never a warning.
"""

# Not in the table: apiVersion, kind, status (it is reported, not asked for).
TABLE = """
ObjectMeta
  - managedFields: who owns which field is not tracked yet
  + *
OwnerReference
  + *
ObjectReference
  + *
LabelSelector
  + *
LabelSelectorRequirement
  + *

StatefulSet
  + metadata spec
StatefulSetSpec
  + replicas selector template volumeClaimTemplates serviceName podManagementPolicy updateStrategy
  + revisionHistoryLimit minReadySeconds ordinals persistentVolumeClaimRetentionPolicy
StatefulSetUpdateStrategy
  + type rollingUpdate
RollingUpdateStatefulSetStrategy
  + partition maxUnavailable
StatefulSetOrdinals
  + start
StatefulSetPersistentVolumeClaimRetentionPolicy
  + whenDeleted whenScaled
ControllerRevision
  + metadata data revision
PodDisruptionBudget
  + metadata spec
PodDisruptionBudgetSpec
  + *

PodTemplateSpec
  + metadata spec
Pod
  + metadata spec
PodSpec
  + containers initContainers volumes restartPolicy terminationGracePeriodSeconds hostname subdomain nodeName
  + securityContext os nodeSelector schedulingGates readinessGates shareProcessNamespace hostNetwork
  + dnsPolicy dnsConfig
  + tolerations: there is nothing to tolerate, taints keep no pod away
  + enableServiceLinks: of the pod's namespace; there is no Service "kubernetes" yet
  ~ serviceAccountName serviceAccount: recorded; no token is mounted into the pod yet
  ~ imagePullSecrets: images are pulled with the engine's own logins
  - automountServiceAccountToken: no token is mounted into the pod yet
  - affinity topologySpreadConstraints: one node only, every pod runs there
  - schedulerName!=default-scheduler: there is no other scheduler, the pod stays Pending
  - priorityClassName priority preemptionPolicy: no pod is preempted, one node only
  - schedulingGroup resourceClaims overhead: nothing is reserved on the one node
  - resources: limits of a whole pod are not set; set them on its containers
  - runtimeClassName: containers run in the engine's default runtime
  - hostPID hostIPC: process and IPC namespaces of the host are not shared yet
  - hostUsers=false: user namespaces are the engine's business
  - setHostnameAsFQDN hostnameOverride: not yet
  ~ hostAliases: not in pods of the host's network
  - activeDeadlineSeconds: not watched yet
  - ephemeralContainers: not yet
  - evictionResponders: an eviction asks disruption budgets and nobody else
PodOS
  - name!=linux: Linux containers only
HostAlias
  + *
PodReadinessGate
  + *
PodSchedulingGate
  + *
PodDNSConfig
  + *
PodDNSConfigOption
  + *
Toleration
  + *
PodSecurityContext
  + runAsUser runAsGroup runAsNonRoot supplementalGroups seccompProfile
  + fsGroup: the volume's root gets the group and passes it on; what was in it before keeps its own
  ~ fsGroupChangePolicy=Always: only the volume's root gets the group, as with OnRootMismatch
  - appArmorProfile seLinuxOptions seLinuxChangePolicy: the engine's default profile is used
  - supplementalGroupsPolicy=Strict: the image's groups are added
  - windowsOptions: Linux containers only
  - sysctls: not yet
SeccompProfile
  + type=RuntimeDefault
  - type!=RuntimeDefault: the engine's default profile is used
  - localhostProfile: the engine's default profile is used
Container
  + name image command args workingDir env envFrom ports volumeMounts resources securityContext
  + livenessProbe readinessProbe startupProbe lifecycle stdin tty
  ~ imagePullPolicy=Always: where no registry answers, a local image is used
  - restartPolicy restartPolicyRules: the pod's own restart policy holds for every container
  - volumeDevices: no block devices
  - resizePolicy: resources are set when a container is created
  - stdinOnce: nothing attaches to a running container yet
  - terminationMessagePath!=/dev/termination-log: no termination message is read yet
  - terminationMessagePolicy!=File: no termination message is read yet
Pod:spec.initContainers[]
  + restartPolicy
StatefulSet:spec.template.spec.initContainers[]
  + restartPolicy
Lifecycle
  + stopSignal
  - preStop postStart: hooks are not run yet
ContainerPort
  + name containerPort protocol
  - hostPort hostIP: no port of the host is taken yet
EnvVar
  + *
EnvVarSource
  + fieldRef resourceFieldRef configMapKeyRef secretKeyRef
  - fileKeyRef: not yet, the container waits
ObjectFieldSelector
  + *
ResourceFieldSelector
  + *
ConfigMapKeySelector
  + *
SecretKeySelector
  + *
EnvFromSource
  + *
ConfigMapEnvSource
  + *
SecretEnvSource
  + *
LocalObjectReference
  + *
VolumeMount
  + name mountPath readOnly
  - subPath subPathExpr: not yet, the container waits
  - mountPropagation!=None: not yet
  - recursiveReadOnly!=Disabled: not yet
  - bindMountOptions: not yet
ResourceRequirements
  ~ limits{cpu|memory}: only memory and cpu are handed to the engine
  + requests: cpu is the container's weight on the machine; nothing is reserved on the one node
  - claims: no devices
Probe
  + exec httpGet tcpSocket initialDelaySeconds periodSeconds timeoutSeconds successThreshold failureThreshold
  + terminationGracePeriodSeconds
  ~ grpc: its port is dialled, no health call is made
ExecAction
  + *
GRPCAction
  + *
HTTPGetAction
  + path port host scheme httpHeaders
  - protocol: HTTP/1.1 is spoken
HTTPHeader
  + *
TCPSocketAction
  + *
SecurityContext
  + runAsUser runAsGroup runAsNonRoot privileged capabilities readOnlyRootFilesystem seccompProfile
  + allowPrivilegeEscalation
  - appArmorProfile seLinuxOptions: the engine's default profile is used
  - procMount!=Default: not yet
  - windowsOptions: Linux containers only
Capabilities
  + *

Volume
  + name persistentVolumeClaim emptyDir configMap secret hostPath projected downwardAPI
  - ephemeral csi image: not mounted yet, the pod waits
  - *: this machine has no such storage, the pod waits; use a claim
PersistentVolumeClaimVolumeSource
  + *
EmptyDirVolumeSource
  + medium
  ~ sizeLimit: a quota for the medium Memory only
  - mode: not yet
HostPathVolumeSource
  + path
  + type=|DirectoryOrCreate
  ~ type=FileOrCreate: the file must be there
  ~ type=Directory|File|Socket|CharDevice|BlockDevice: the path must be there; what it is is not checked
LocalVolumeSource
  + path
  - fsType: no file system is mounted, only the path
ProjectedVolumeSource
  + sources defaultMode
  - defaultUser: files belong to root
VolumeProjection
  + configMap secret downwardAPI
  - serviceAccountToken clusterTrustBundle podCertificate: not yet, the pod waits
ConfigMapProjection
  + *
SecretProjection
  + *
DownwardAPIProjection
  + *
DownwardAPIVolumeSource
  + items defaultMode
  - defaultUser: files belong to root
DownwardAPIVolumeFile
  + path fieldRef resourceFieldRef mode
  - user: files belong to root
ConfigMapVolumeSource
  + name: the files stay as they were when the pod started
  + items defaultMode optional
  - defaultUser: files belong to root
SecretVolumeSource
  + secretName: the files stay as they were when the pod started
  + items defaultMode optional
  - defaultUser: files belong to root
KeyToPath
  + key path mode
  - user: files belong to root

PersistentVolumeClaim
  + metadata spec
PersistentVolumeClaimSpec
  + accessModes storageClassName volumeName resources
  + selector: for volumes that are there; one that is made for the claim has no labels
  - volumeMode!=Filesystem: no block devices
  - dataSource dataSourceRef: volumes begin empty; not yet
  - volumeAttributesClassName: not yet
VolumeResourceRequirements
  + requests
  - limits: no quota is set
PersistentVolume
  + metadata spec
PersistentVolumeSpec
  + capacity accessModes claimRef persistentVolumeReclaimPolicy storageClassName csi
  + hostPath local
  - volumeMode!=Filesystem: no block devices
  - nodeAffinity: one node only
  - mountOptions volumeAttributesClassName: not yet
  - *: this machine has no such storage
CSIPersistentVolumeSource
  + driver volumeHandle volumeAttributes
  - *: the only driver is the engine's volumes
StorageClass
  + metadata provisioner reclaimPolicy volumeBindingMode
  - parameters mountOptions: the engine's volumes take none
  ~ allowVolumeExpansion: a claim may ask for more; volumes have no quota, so its capacity is not raised
  - allowedTopologies: one node only

Service
  + metadata spec
ServiceSpec
  + selector ports publishNotReadyAddresses clusterIPs ipFamilies ipFamilyPolicy externalName
  ~ clusterIP!=None?externalName: no data path yet; its name gives the ready pods' own addresses
  - type=NodePort|LoadBalancer: no port of the host is published yet
  - externalIPs loadBalancerIP loadBalancerClass loadBalancerSourceRanges: no load balancer here
  - externalTrafficPolicy healthCheckNodePort: no load balancer here
  - allocateLoadBalancerNodePorts: no load balancer here
  - sessionAffinity=ClientIP: no data path yet
  - sessionAffinityConfig trafficDistribution: no data path yet
  - internalTrafficPolicy=Local: one node only
ServicePort
  + name port protocol targetPort appProtocol
  - nodePort: no port of the host is published yet
Endpoints
  + metadata
  ~ subsets: not mirrored into EndpointSlices yet, which are what names follow; write those
EndpointSubset
  + *
EndpointAddress
  + *
EndpointPort
  + *
EndpointSlice
  + *
Endpoint
  + *
EndpointConditions
  + *
EndpointHints
  + *
ForNode
  + *
ForZone
  + *
discovery.EndpointPort
  + *

ConfigMap
  + *
Secret
  + *
ServiceAccount
  + metadata secrets
  ~ imagePullSecrets: images are pulled with the engine's own logins
  - automountServiceAccountToken: no token is mounted into pods yet
Namespace
  + metadata spec
NamespaceSpec
  + finalizers
Node
  + metadata spec
NodeSpec
  - taints: one node only, every pod runs there
  - configSource podPreemptionPolicy: the node is not configured through the API
  + *
Event
  + *
EventSource
  + *
EventSeries
  + *
"""
