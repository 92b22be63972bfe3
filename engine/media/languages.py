"""Language codes of sound tracks and subtitles in QuickTime files, which know only some of them."""

from __future__ import annotations

# ISO 639-2 has two codes for some languages, and FFmpeg's table of QuickTime's languages one of them; "sve" is its own.
_QUICKTIME = {
    "sqi": "alb", "hye": "arm", "eus": "baq", "mya": "bur", "zho": "chi", "cze": "ces", "nld": "dut", "fre": "fra",
    "kat": "geo", "deu": "ger", "ell": "gre", "isl": "ice", "mkd": "mac", "msa": "may", "fas": "per", "rum": "ron",
    "slo": "slk", "bod": "tib", "cym": "wel", "swe": "sve",
}  # fmt: skip


def language_for(suffix: str, code: str) -> str:
    """The code under which a container of a type (".mov") keeps a language; the same one for most."""
    return _QUICKTIME.get(code, code) if suffix == ".mov" else code
