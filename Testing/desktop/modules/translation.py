"""Stands for ``slicer.i18n`` (Slicer, Base/Python/slicer/i18n.py): texts stay English, placeholders too."""

import types


def translate(context, text):
    """The text in the language of the application."""
    return text


def tr(text):
    """The text in the language of the application; the context is the calling file."""
    return translate("", text)


def make_translation_module():
    """The module ``slicer.i18n``."""
    module = types.ModuleType("slicer.i18n")
    module.tr = tr
    module.translate = translate
    return module
