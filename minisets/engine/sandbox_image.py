"""The image of every sandbox: our `pause` and nothing else, made where the engine lacks it, never pulled."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from minisets.engine import pause
from minisets.engine.archives import archive, file
from minisets.engine.labels import image_labels
from minisets.engine.names import IMAGES
from minisets.errors import MinisetsError

if TYPE_CHECKING:
    from minisets.engine.interface import Engine

_REPOSITORY = f"{IMAGES}pause"
_PROGRAM = "pause"


class SandboxImage:
    """Its name, once the engine has it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._name = ""

    def ensured(self) -> str:
        """The image's name; it is made if it is not there. MinisetsError: none for this architecture."""
        if self._name and self._engine.inspect_image(self._name) is not None:
            return self._name
        try:
            program = pause.binary(self._engine.info().architecture)
        except LookupError as error:
            raise MinisetsError(str(error)) from error
        content = hashlib.sha256(program).hexdigest()[:12]
        name = f"{_REPOSITORY}:{content}"
        if self._engine.inspect_image(name) is None:
            labels = " ".join(f'{key}="{value}"' for key, value in image_labels(content).items())
            changes = (f'ENTRYPOINT ["/{_PROGRAM}"]', f"LABEL {labels}")
            self._engine.import_image(name, archive([file(_PROGRAM, 0o755, program)]), changes)
        self._name = name
        return name
