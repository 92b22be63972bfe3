"""Times, sizes and states in the words that the window uses everywhere."""

from __future__ import annotations

import html

from PySide6.QtCore import QCoreApplication, QLocale

GOOD_AGREEMENT = 0.6
FAIR_AGREEMENT = 0.35


def clock(seconds: float, *, millis: bool = True) -> str:
    """A position as 00:12:34.567."""
    total_ms = max(0, round(seconds * 1000))
    hours, rest = divmod(total_ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    whole, ms = divmod(rest, 1000)
    text = f"{hours:02d}:{minutes:02d}:{whole:02d}"
    return f"{text}.{ms:03d}" if millis else text


def short_clock(seconds: float) -> str:
    """A position as 0:12 or 1:02:03."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def cut(name: str, longest: int = 24) -> str:
    """A name for places that have no room for a long one."""
    return name if len(name) <= longest else name[: longest - 1].rstrip() + "…"


def size(n_bytes: float) -> str:
    """A file size with its unit."""
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000 or unit == "GB":
            return f"{number(n_bytes, 0 if n_bytes >= 10 or unit == 'B' else 1)} {unit}"
        n_bytes /= 1000.0
    raise AssertionError("unreachable")


def agreement(value: float | None) -> str:
    """Lip-voice agreement in words; None where nothing is known."""
    if value is None:
        return QCoreApplication.translate("Words", "not known yet")
    if value <= 0.0:
        return QCoreApplication.translate("Words", "cannot see the face")
    if value >= GOOD_AGREEMENT:
        return QCoreApplication.translate("Words", "good")
    if value >= FAIR_AGREEMENT:
        return QCoreApplication.translate("Words", "fair")
    return QCoreApplication.translate("Words", "weak")


def sound_format(sample_rate_hz: int, layout: str) -> str:
    """A sound format as "48 kHz stereo"."""
    khz = sample_rate_hz / 1000
    return f"{number(khz, len(f'{khz:g}'.partition('.')[2]))} kHz {layout}"


def about(seconds: float) -> str:
    """A length of time as an estimate ("about 25 min")."""
    if seconds < 8:
        return QCoreApplication.translate("Words", "a few seconds")
    if seconds < 55:
        return QCoreApplication.translate("Words", "about {0} s").format(round(seconds / 5.0) * 5)
    if seconds < 5400:
        return QCoreApplication.translate("Words", "about {0} min").format(max(1, round(seconds / 60.0)))
    return QCoreApplication.translate("Words", "about {0} h").format(figure(seconds / 3600.0))


def figure(value: float) -> str:
    """A number with two digits that count: 1.4, 7, 13, 240."""
    return number(value, 0 if value >= 9.5 or f"{value:.1f}".endswith(".0") else 1)


def number(value: float, decimals: int) -> str:
    """A number as the window's language writes it: 1.4 or 1,4."""
    locale = QLocale()
    locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
    return locale.toString(float(f"{value:.{decimals}f}"), "f", decimals)  # rounded as everywhere else


def decibels(level_db: float) -> str:
    """A level as "−23 dB", with a true minus sign."""
    return f"{round(level_db)} dB".replace("-", "\N{MINUS SIGN}")


def as_tip(text: str) -> str:
    """A path or a name for a tooltip, which would take what stands between < and > for markup."""
    return html.escape(text, quote=False) if "<" in text else text
