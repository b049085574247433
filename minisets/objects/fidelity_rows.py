"""The fidelity table: what becomes of each field, as text that people read. `fidelity.py` parses it.

A type, or one place of a kind (`Pod:spec.volumes[]`), which wins over the type; below it fields under a sign:
`+` honoured, `~` approximated, `-` not honoured, the last two with a reason. `*` is the rest of the type.
`field=a|b` is meant for these values only, `field!=a|b` for all others; otherwise the field is honoured.
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

PodTemplateSpec
  + metadata spec
Pod
  + metadata spec
PodSpec
  + containers initContainers volumes restartPolicy terminationGracePeriodSeconds hostname subdomain nodeName
  + securityContext os
  ~ serviceAccountName serviceAccount: recorded; no token is mounted into the pod yet
  ~ imagePullSecrets: images are pulled with the engine's own logins
  - automountServiceAccountToken: no token is mounted into the pod yet
  - affinity nodeSelector tolerations topologySpreadConstraints: one node only, every pod runs there
  - schedulerName!=default-scheduler: one node only, there is no other scheduler
  - priorityClassName priority preemptionPolicy: no pod is preempted, one node only
  - schedulingGates schedulingGroup resourceClaims overhead: nothing is reserved on the one node
  - resources: limits of a whole pod are not set; set them on its containers
  - runtimeClassName: containers run in the engine's default runtime
  - hostNetwork hostPID hostIPC shareProcessNamespace: namespaces of the host or of the pod are not shared yet
  - hostUsers=false: user namespaces are the engine's business
  - dnsPolicy!=ClusterFirst: every pod asks the cluster's DNS
  - dnsConfig hostAliases setHostnameAsFQDN hostnameOverride: not yet
  - enableServiceLinks: no environment variables are made from Services yet
  - readinessGates: not waited for yet
  - activeDeadlineSeconds: not watched yet
  - ephemeralContainers: not yet
  - evictionResponders: nothing is evicted
PodOS
  - name!=linux: Linux containers only
PodSecurityContext
  + runAsUser runAsGroup
  - fsGroup fsGroupChangePolicy: a volume's owner is not changed yet
  - seccompProfile appArmorProfile seLinuxOptions seLinuxChangePolicy: the engine's default profile is used
  - *: not yet
Container
  + name image command args workingDir env envFrom ports volumeMounts resources securityContext
  + livenessProbe readinessProbe startupProbe
  ~ imagePullPolicy=Always: where no registry answers, a local image is used
  - lifecycle: hooks are not run yet
  - restartPolicy restartPolicyRules: the pod's own restart policy holds for every container
  - volumeDevices: no block devices
  - resizePolicy: resources are set when a container is created
  - stdin stdinOnce tty: not yet
  - terminationMessagePath!=/dev/termination-log: no termination message is read yet
  - terminationMessagePolicy!=File: no termination message is read yet
Pod:spec.initContainers[]
  - restartPolicy: init containers that run on (sidecars) are not known yet, each runs to its end
StatefulSet:spec.template.spec.initContainers[]
  - restartPolicy: init containers that run on (sidecars) are not known yet, each runs to its end
ContainerPort
  + name containerPort protocol
  - hostPort hostIP: no port of the host is taken yet
EnvVar
  + *
EnvVarSource
  + fieldRef resourceFieldRef configMapKeyRef secretKeyRef
  - fileKeyRef: not yet
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
  - subPath subPathExpr: the whole volume is mounted; not yet
  - mountPropagation!=None: not yet
  - recursiveReadOnly!=Disabled: not yet
  - bindMountOptions: not yet
ResourceRequirements
  ~ limits: memory and cpu are handed to the engine, the rest is ignored
  - requests: nothing is reserved on the one node
  - claims: no devices
Probe
  + exec httpGet tcpSocket initialDelaySeconds periodSeconds timeoutSeconds successThreshold failureThreshold
  - grpc: not yet, the container counts as healthy
  - terminationGracePeriodSeconds: the pod's own is used
ExecAction
  + *
HTTPGetAction
  + path port host scheme httpHeaders
  - protocol: HTTP/1.1 is spoken
HTTPHeader
  + *
TCPSocketAction
  + *
SecurityContext
  + runAsUser runAsGroup privileged capabilities readOnlyRootFilesystem
  - allowPrivilegeEscalation=false: not yet
  - runAsNonRoot: the image's user is not checked yet
  - seccompProfile appArmorProfile seLinuxOptions: the engine's default profile is used
  - procMount!=Default: not yet
  - windowsOptions: Linux containers only
Capabilities
  + *

Volume
  + name persistentVolumeClaim emptyDir configMap secret hostPath
  - projected downwardAPI ephemeral csi image: not mounted yet
  - *: this machine has no such storage; use a claim
PersistentVolumeClaimVolumeSource
  + *
EmptyDirVolumeSource
  + medium
  - sizeLimit: no quota is set
  - mode: not yet
HostPathVolumeSource
  + path
  - type!=: not checked yet
ConfigMapVolumeSource
  + name items defaultMode optional
  - defaultUser: files belong to root
SecretVolumeSource
  + secretName items defaultMode optional
  - defaultUser: files belong to root
KeyToPath
  + key path mode
  - user: files belong to root

PersistentVolumeClaim
  + metadata spec
PersistentVolumeClaimSpec
  + accessModes storageClassName volumeName resources
  - volumeMode!=Filesystem: no block devices
  - selector: a volume is made for each claim
  - dataSource dataSourceRef: volumes begin empty; not yet
  - volumeAttributesClassName: not yet
VolumeResourceRequirements
  + requests
  - limits: no quota is set
PersistentVolume
  + metadata spec
PersistentVolumeSpec
  + capacity accessModes claimRef persistentVolumeReclaimPolicy storageClassName csi
  - volumeMode!=Filesystem: no block devices
  - nodeAffinity: one node only
  - mountOptions volumeAttributesClassName: not yet
  - *: this machine has no such storage
CSIPersistentVolumeSource
  + driver volumeHandle volumeAttributes
  - *: the only driver is the engine's volumes
StorageClass
  + metadata provisioner reclaimPolicy
  ~ volumeBindingMode=WaitForFirstConsumer: bound at once, one node only
  - parameters mountOptions: the engine's volumes take none
  - allowVolumeExpansion: sizes are recorded only
  - allowedTopologies: one node only

Service
  + metadata spec
ServiceSpec
  + selector ports publishNotReadyAddresses clusterIPs ipFamilies ipFamilyPolicy
  ~ clusterIP!=None: until there is a data path, its name answers with the ready pods' addresses
  - type=NodePort|LoadBalancer: no port of the host is published yet
  - type=ExternalName: not answered yet
  - externalName: not answered yet
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
  + *
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
