"""From a person's machine: build, start, reach, repair, replace and end a cluster's control container.

Belongs here: which engine and its quirks, image, network, port, keys, kubeconfig, the container's life.
Must not: anything that runs inside the container (it is handed `Settings` and nothing else), printing.

    control.py    reach | ensure | end: what commands call    mending.py   the container seen, and seen to
    repair.py     what is to be done: pure                    starting.py  doing it, step by step
    container.py  what is created, what is read: pure         quirks.py    kinds of engines: pure
    image.py      the image, made or handed in                packing.py   what goes into it
    content.py    which minisets this is: a hash              calls.py     engine calls of this room only
    network.py    a subnet that clashes with nothing          endpoint.py  port, kubeconfig, a host process
    credentials.py  authority, certificates, own token        lock.py      one beginner, one server
    engine.py     strangers with our name                     removal.py   everything of the cluster, gone
    places.py     files on this machine                       private.py   files for one person's eyes
    volumes.py    a claim's volume, read, written, measured   logins.py    a person's docker login

2026-11-25: The network says that the cluster is up: `down` removes it with the container. A network without
a container was left by `docker rm -f` or a crash, and the next command brings the container back; after
`down` none does. Rejected: a note in the home (another person's `down` does not reach it), a label (none
can change).
2026-11-25: A container that is not alive is made anew, never started again: its port may be taken, its
network gone, its socket dead; all that matters is in the state volume.
2026-11-25: A command asks `/version` at the kubeconfig's address, and the engine only when nobody of our
authority answers there. The answer's `gitCommit` is the server's content, so that every command can say
that the server is of another minisets. Rejected: asking the engine each time (its SDK takes longer to
import than most commands run); the content in the kubeconfig (another person's `up` makes it wrong).
2026-11-25: The subnet is a label of the state volume, for it must outlive the network, and be known before
the container exists. The port is a label of the container; while there is none, our kubeconfig remembers
it.
2026-11-25: The content is a hash of our own files, the lock among them, and not of the libraries that
happen to be installed: else each `pip install -U` of something else would replace everybody's server. A
base image is asked for only when an image has to be made.
2026-11-25: Who begins to serve, and which host process serves, are names in the kernel's abstract socket
space, told apart by the engine's name and data root (Podman's id is another one each time). Elsewhere than
on Linux it is a locked file of the person's. A host process refuses a cluster whose state volume exists, and
`up` one whose state lies on the host: two states of one cluster would end each other's pods.
2026-11-25: `status` mends nothing, so that it can be used to look at what is wrong.
2026-11-25: `MINISETS_IMAGE` is taken as it is; what is in it is told by its label, or else by its id.
2026-11-25: A person's `docker login`, for the registries of the images that `up` is handed, goes into the
state, as Kubernetes' node has its config.json. Rejected: a Secret (every client reads it), pulling from the
command (kubectl's pods would not have it).
2026-11-29: A client's certificate is signed by the command, with the authority's key read where the server
has it: who can read that is root on the machine by Docker anyway. Rejected: CertificateSigningRequests,
served for one command's sake; one in our own kubeconfig instead of the token, for it would end in a year.
"""
