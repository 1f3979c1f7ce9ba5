"""All frames of a DICOM file, and the sentence of one that is refused."""

from __future__ import annotations

import numpy as np
import pytest
from LesionReadingLib.errors import InputError
from LesionReadingLib.reading.dicom.files import open_image
from LesionReadingLib.reading.dicom.frames import stored_frames


def frames_of(path):
    image = open_image(path)
    return np.stack(list(stored_frames(image, 0, image.frame_count)))


def refusal(path) -> str:
    with pytest.raises(InputError) as raised:
        frames_of(path)
    assert "\n" not in str(raised.value) and "Secret" not in str(raised.value)
    return str(raised.value)
