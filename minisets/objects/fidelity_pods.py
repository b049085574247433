"""The fidelity table's rows of pods, containers and their volumes; the notation: `fidelity_rows.py`."""

PODS = """
# Pods
PodTemplateSpec
  + metadata spec [identity]
Pod
  + metadata spec [up]
PodSpec
  + containers [up]
  + initContainers [inits sidecars real-order]
  + volumes [files claims]
  + restartPolicy [restart-policy]
  + terminationGracePeriodSeconds [ends hook-grace real-grace]
  + activeDeadlineSeconds [deadline real-deadline]
  + hostname subdomain hostnameOverride [own-name real-names]
  + setHostnameAsFQDN [whole-name real-names]
  + hostAliases [hosts host-network real-names]
  + nodeName [placed up]
  + nodeSelector [node-selector]
  + schedulingGates [gates]
  + readinessGates [readiness-gates]
  + securityContext [security]
  + shareProcessNamespace [shared-pids real-namespaces]
  + hostNetwork [host-address host-network real-host-network]
  + hostPID hostIPC [host-pids real-namespaces]
  + dnsPolicy [resolv real-names real-host-network]
  + dnsConfig: not with dnsPolicy Default, where the engine writes the file [resolv real-names]
  + os [recorded]
  + tolerations: every pod has Kubernetes' two of five minutes, too [driven-away borne]
  + enableServiceLinks: those of the pod's namespace; there is no Service "kubernetes" [no-links]
  ~ serviceAccountName serviceAccount: recorded; no token is mounted into the pod
  + imagePullSecrets: and the person's own `docker login` [pull-secrets real-login]
  - automountServiceAccountToken: no token is mounted into the pod
  + affinity [node-affinity near apart]
  + topologySpreadConstraints [spread spread-domains]
  - schedulerName!=default-scheduler: there is no other scheduler, the pod stays Pending
  + priorityClassName priority [classes preempted]
  + preemptionPolicy [never-preempts]
  + overhead: as the pod says it, no RuntimeClass is asked [greediest]
  - schedulingGroup: each pod is placed by itself
  - resourceClaims: no node has devices to hand out
  - resources: limits of a whole pod are not set; set them on its containers
  - runtimeClassName: containers run in the engine's default runtime
  - hostUsers=false: user namespaces are the engine's business
  + ephemeralContainers [debug debug-once]
  - evictionResponders: an eviction asks disruption budgets and nobody else
PodOS
  - name!=linux: Linux containers only
HostAlias
  + * [hosts]
PodReadinessGate
  + * [readiness-gates]
PodSchedulingGate
  + * [gates]
PodDNSConfig PodDNSConfigOption
  + * [resolv]
Toleration
  + * [driven-away borne]
Affinity
  + nodeAffinity [node-affinity preferred]
  + podAffinity podAntiAffinity [near apart wished]
NodeAffinity PreferredSchedulingTerm NodeSelector NodeSelectorTerm NodeSelectorRequirement
  + * [node-affinity preferred]
PodAffinity PodAntiAffinity WeightedPodAffinityTerm
  + * [near apart wished]
PodAffinityTerm
  + * [near apart own-rollout]
TopologySpreadConstraint
  + * [spread spread-domains]
PodSecurityContext
  + runAsUser runAsGroup supplementalGroups [security real-users]
  + runAsNonRoot [non-root]
  + seccompProfile appArmorProfile: the engine's default profile where a pod names none [profiles]
  + fsGroup [fs-group claim-group real-group]
  + fsGroupChangePolicy [claim-group real-group]
  + sysctls: others than the safe ones make the pod fail, as in Kubernetes [sysctls unsafe real-sysctls]
  - seLinuxOptions seLinuxChangePolicy: the engine's own labels are used
  - supplementalGroupsPolicy=Strict: the image's groups are added
  - windowsOptions: Linux containers only
Sysctl
  + * [sysctls unsafe]
SeccompProfile
  + type=RuntimeDefault|Unconfined [profiles real-rights]
  - type=Localhost localhostProfile: files of the node are not read, the engine's default profile is used
AppArmorProfile
  + type localhostProfile [profiles]

# Containers
Container
  + name image [up told]
  + command args [command real-command]
  + workingDir stdin tty [told real-terminal]
  + env [env real-env]
  + envFrom [env-from]
  + ports [ports target-ports]
  + volumeMounts [mounts]
  + resources [limits real-limits]
  + securityContext [security real-rights real-users]
  + livenessProbe [liveness]
  + readinessProbe [readiness]
  + startupProbe [startup]
  + lifecycle [hooks post-start]
  + imagePullPolicy=Never|IfNotPresent [never-pulled]
  ~ imagePullPolicy=Always: where no registry answers, a local image is used
  + restartPolicy [own-restart]
  ~ restartPolicyRules: their action Restart; RestartAllContainers is passed over
  - volumeDevices: no block devices, the pod waits
  - resizePolicy: resources are set when a container is created
  + stdinOnce [stdin-once real-run]
  + terminationMessagePath [message real-messages]
  + terminationMessagePolicy [message-of-log real-messages]
Pod:spec.initContainers[] StatefulSet:spec.template.spec.initContainers[]
  + restartPolicy [sidecars]
EphemeralContainer
  + name image [debug]
  + targetContainerName [debug-target real-debug]
  + command args workingDir volumeMounts securityContext envFrom [debug-fields]
  + env stdin stdinOnce tty [debug debug-fields]
  + terminationMessagePath terminationMessagePolicy [debug-fields]
  + imagePullPolicy=Never|IfNotPresent [debug-image]
  ~ imagePullPolicy=Always: where no registry answers, a local image is used
  - volumeDevices: no block devices, the pod waits
  - resizePolicy: resources are set when a container is created
  + *: refused, as in Kubernetes [debug-refused]
Lifecycle
  + preStop [hooks hook-grace real-order]
  + postStart [post-start]
  + stopSignal [stop-signal]
LifecycleHandler
  + exec [hooks post-start]
  + httpGet [hook-requests real-hooks]
  + sleep [hook-sleeps real-hooks]
  + tcpSocket: accepted, and fails when it is run, as in Kubernetes [hook-of-nothing]
ContainerRestartRule ContainerRestartRuleOnExitCodes
  + * [own-restart]
SleepAction
  + * [hook-sleeps]
ContainerPort
  + name containerPort [ports target-ports]
  + protocol [protocols]
  ~ hostPort: the one machine's, on whichever node; at 127.0.0.1 where hostIP names no other address
  + hostIP [host-ports real-host-port]
EnvVar
  + name value [env]
  + valueFrom [field-refs]
EnvVarSource
  + fieldRef [field-refs]
  + resourceFieldRef [resource-refs]
  + configMapKeyRef secretKeyRef [imported env-missing]
  - fileKeyRef: no file is read, the container waits
ObjectFieldSelector
  + * [field-refs]
ResourceFieldSelector
  + * [resource-refs sources]
ConfigMapKeySelector SecretKeySelector
  + * [imported env-missing]
EnvFromSource ConfigMapEnvSource SecretEnvSource
  + * [imported]
LocalObjectReference
  + * [pull-secrets]
VolumeMount
  + name mountPath readOnly [mounts]
  + subPath subPathExpr [parts sub-paths real-parts]
  + mountPropagation [reach]
  + recursiveReadOnly [reach recursive]
  - bindMountOptions: alpha and off, as in Kubernetes
ResourceRequirements
  ~ limits{cpu|memory}: only memory and cpu are handed to the engine
  + requests: reserved on the node; cpu is also the weight on the machine [reserved-resources limits qos]
  - claims: no devices
Probe
  + exec [exec]
  + httpGet [http]
  + tcpSocket [ports]
  + initialDelaySeconds [delay]
  + periodSeconds [readiness startup]
  + timeoutSeconds [timeouts real-timeout]
  + failureThreshold [thresholds readiness]
  + successThreshold [successes]
  + terminationGracePeriodSeconds [probe-grace]
  + grpc [grpc real-grpc]
ExecAction
  + * [exec]
GRPCAction
  + port service [grpc]
  - mode!=Plaintext: the health call is made without TLS
HTTPGetAction
  + path [http]
  + port [ports]
  + host [hook-requests]
  + scheme [certificates]
  + httpHeaders [headers]
  - protocol: HTTP/1.1 is spoken
HTTPHeader
  + * [headers]
TCPSocketAction
  + * [ports]
SecurityContext
  + runAsUser runAsGroup [security real-users]
  + privileged capabilities readOnlyRootFilesystem allowPrivilegeEscalation [security real-rights]
  + runAsNonRoot [non-root]
  + seccompProfile appArmorProfile: the engine's default profile where a container names none [profiles]
  - seLinuxOptions: the engine's own labels are used
  - procMount!=Default: /proc stays masked
  - windowsOptions: Linux containers only
Capabilities
  + * [security]

# Volumes
Volume
  + name [mounts]
  + emptyDir [fs-group real-files]
  + persistentVolumeClaim [claims]
  + hostPath [mounts]
  + configMap secret projected downwardAPI [sources files real-files real-follow]
  + ephemeral [ephemeral real-ephemeral]
  - csi image: it is not mounted, the pod waits
  + nfs [exports]
  ~ rbd cephfs glusterfs iscsi fc: a Docker volume stands for what it names, and keeps its data
  ~ awsElasticBlockStore gcePersistentDisk: a Docker volume stands for what it names, and keeps its data
  ~ azureDisk azureFile vsphereVolume cinder: a Docker volume stands for what it names, and keeps its data
  - *: this machine has no such storage, the pod waits; use a claim
RBDVolumeSource CephFSVolumeSource GlusterfsVolumeSource ISCSIVolumeSource
  + *: what tells images apart tells volumes apart; how it is reached is recorded [images]
AzureFileVolumeSource CinderVolumeSource
  + *: what tells images apart tells volumes apart; how it is reached is recorded [images]
EphemeralVolumeSource PersistentVolumeClaimTemplate
  + * [ephemeral]
PersistentVolumeClaimVolumeSource
  + claimName [claims]
  + readOnly [claim-read-only]
EmptyDirVolumeSource
  + medium [in-memory real-memory]
  ~ sizeLimit: a quota for the medium Memory only
  - mode: alpha and off, as in Kubernetes: 0777
HostPathVolumeSource
  ~ path=/|/var|/var/lib|/run|/var/run|/var/run/docker.sock: it leads to the engine, the pod waits
  + path [mounts real-host-path]
  + type [path-types made-paths real-paths]
LocalVolumeSource
  ~ path=/|/var|/var/lib|/run|/var/run|/var/run/docker.sock: it leads to the engine, the pod waits
  + path [host-paths real-local]
  - fsType: no file system is mounted, only the path
ProjectedVolumeSource
  + sources defaultMode [projection]
  - defaultUser: alpha and off, as in Kubernetes: files belong to root
VolumeProjection
  + configMap secret downwardAPI [sources]
  - serviceAccountToken clusterTrustBundle podCertificate: nobody issues them, the pod waits
ConfigMapProjection SecretProjection DownwardAPIProjection
  + * [sources]
DownwardAPIVolumeSource
  + items defaultMode [sources]
  - defaultUser: alpha and off, as in Kubernetes: files belong to root
DownwardAPIVolumeFile
  + path fieldRef resourceFieldRef mode [sources]
  - user: alpha and off, as in Kubernetes: files belong to root
ConfigMapVolumeSource
  + name [files followed]
  + items defaultMode [modes]
  + optional [sources]
  - defaultUser: alpha and off, as in Kubernetes: files belong to root
SecretVolumeSource
  + secretName [secret-files]
  + defaultMode [secret-files]
  + items optional [sources]
  - defaultUser: alpha and off, as in Kubernetes: files belong to root
KeyToPath
  + key path mode [modes]
  - user: alpha and off, as in Kubernetes: files belong to root
"""
