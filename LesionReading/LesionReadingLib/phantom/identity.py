"""The identity that phantom DICOM files carry: nobody's, but as full as a hospital's, so that a leak into an output shows.

Text is Japanese in ISO 2022 (DICOM PS3.3 C.12.1.1.2, PS3.5 annex H): names in romaji, ideographs and kana, the first value of
Specific Character Set empty, as Japanese consoles write it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydicom.dataset import Dataset

CHARACTER_SETS = ("", "ISO 2022 IR 87")

IDENTITY: Mapping[str, str] = {
    "PatientName": "Maboroshi^Tarou=幻影^太郎=まぼろし^たろう",
    "PatientBirthName": "Kasumi^Tarou=霞^太郎=かすみ^たろう",
    "OtherPatientNames": "Maborosi^Taroh",
    "PatientMotherBirthName": "Kagerou^Yuki=陽炎^雪=かげろう^ゆき",
    "PatientAddress": "幻影県霞市夢町3-14-15",
    "PatientTelephoneNumbers": "0355-50-1948",
    "PatientComments": "幻影さんは左利き",
    "Occupation": "灯台守",
    "AdditionalPatientHistory": "転倒 階段 幻影さん宅",
    "AccessionNumber": "ACC-4711-0815",
    "StudyID": "STUDY-7731",
    "StudyDescription": "検査 幻影太郎 様",
    "ReferringPhysicianName": "Ishibashi^Hanako=石橋^花子=いしばし^はなこ",
    "PhysiciansOfRecord": "Ogawara^Kenji=小川原^健二=おがわら^けんじ",
    "PerformingPhysicianName": "Kurokawa^Jirou=黒川^次郎=くろかわ^じろう",
    "NameOfPhysiciansReadingStudy": "Shiratori^Aoi=白鳥^葵=しらとり^あおい",
    "OperatorsName": "Midorikawa^Sora=緑川^空=みどりかわ^そら",
    "RequestingPhysician": "Akagi^Rei=赤城^零=あかぎ^れい",
    "InstitutionName": "幻影記念病院",
    "InstitutionAddress": "霞市雲町9-26-5",
    "InstitutionalDepartmentName": "救急撮影室",
    "StationName": "KASUMI-ST-03",
    "DeviceSerialNumber": "SN-90210-77",
    "ProtocolName": "KASUMI-PROTOKOLL",
    "PerformedProcedureStepDescription": "処置 幻影",
    "RequestedProcedureDescription": "依頼 石橋先生",
    "ImageComments": "幻影太郎 再撮影",
}
"""Keyword -> value of everything that names a patient, a person, a place, a device or an order."""

PRIVATE_NOTE = "MABOROSHI-PRIVATE-NOTE"
_PRIVATE_GROUP, _PRIVATE_CREATOR = 0x0009, "LESIONREADING PHANTOM"


def identify(data: Dataset) -> None:
    """Write the identity into the header of a phantom; the patient's number, birth date and sex are the caller's."""
    data.SpecificCharacterSet = list(CHARACTER_SETS)
    for keyword, value in IDENTITY.items():
        setattr(data, keyword, value)
    request = Dataset()
    request.RequestedProcedureID = IDENTITY["AccessionNumber"]
    request.ScheduledProcedureStepDescription = IDENTITY["StudyDescription"]
    data.RequestAttributesSequence = [request]
    data.private_block(_PRIVATE_GROUP, _PRIVATE_CREATOR, create=True).add_new(0x01, "LO", PRIVATE_NOTE)
