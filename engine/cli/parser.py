"""The options of every command. Nothing heavy is imported here: `avsep --version` and `--help` answer at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

from engine import values
from engine.errors import UsageError

_EXIT_CODES = (
    "Exit codes: 0 done, 1 the job failed, 2 wrong use, 3 input unreadable or unusable, 130 cancelled. "
    "AVSep never uses the network by itself: only `avsep models add` does, and asks first."
)


class _Parser(argparse.ArgumentParser):
    """Raises `UsageError` in place of printing and exiting, so that --json holds for wrong use too."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"See {self.prog} --help.")


class _Version(argparse.Action):
    def __init__(self, **options: Any) -> None:
        super().__init__(nargs=0, **options)

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        sys.stdout.write(f"avsep {metadata.version('avsep')}\n")
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    """The whole command line.

    Parsed arguments have `command`, the options of that command, and always `json`, `progress`, `offline`, `verbose`.
    """
    everywhere = _Parser(add_help=False)
    group = everywhere.add_argument_group("everywhere")
    # SUPPRESS, so that an option given before the command is not undone by the command's default.
    group.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object on stdout")
    group.add_argument(
        "--progress",
        choices=("auto", "bar", "json", "none"),
        default=argparse.SUPPRESS,
        help="progress on stderr; auto (default) is a bar on a terminal",
    )
    group.add_argument(
        "--offline", action="store_true", default=argparse.SUPPRESS, help="no network use, also by `avsep models add`"
    )
    group.add_argument(
        "--verbose", action="store_true", default=argparse.SUPPRESS, help="details and tracebacks on stderr"
    )
    parser = _Parser(
        prog="avsep",
        description="Hear one person in a video: the voice of the face you point at, alone.",
        epilog=_EXIT_CODES,
        parents=[everywhere],
        allow_abbrev=False,
    )
    parser.set_defaults(json=False, progress="auto", offline=False, verbose=False)
    parser.add_argument("--version", action=_Version, help="show the version and stop")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, help=summary, description=summary, epilog=_EXIT_CODES, parents=[everywhere], allow_abbrev=False
        )

    probe = command("probe", "Say what is in a file.")
    _video(probe)
    _faces(command("faces", "Find the people in a video and where they are seen."))
    _separate(command("separate", "Write the voice of one person, or of everyone, to files."))
    _batch(command("batch", "Write the voices of many files, and go on where that was interrupted."))
    _models(command("models", "The model shelf."), everywhere)
    _prepare(command("prepare", "Make a training set of folders of talking-face videos and of speech."))
    train = command("train", "Train a model, or go on with a run.")
    train.add_argument("config", metavar="CONFIG", type=Path, help="a TOML file, see resources/configs")
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint of the run")
    evaluate = command("evaluate", "Score a model on a list of mixtures.")
    evaluate.add_argument("--model", metavar="NAME", default="default", help="a name from `avsep models list`")
    evaluate.add_argument("--mixtures", metavar="CSV", type=Path, required=True, help="the list of mixtures")
    evaluate.add_argument(
        "--root", metavar="DIR", type=Path, default=Path(), help="the folder that the list's paths are relative to"
    )
    evaluate.add_argument("--device", default="auto", metavar="auto|cpu|cuda[:N]", help="where to compute")
    evaluate.add_argument("--csv", metavar="FILE", type=Path, help="write one row per mixture and face to FILE")
    evaluate.add_argument("--overwrite", action="store_true", help="replace FILE where it exists")
    command("doctor", "Say what this machine can do, and test it.")
    gui = command("gui", "Open the window.")
    gui.add_argument("video", metavar="VIDEO", type=Path, nargs="?", help="a video to open")
    return parser


def _video(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("video", metavar="VIDEO", type=Path, help="a video file; after -- a name may begin with a dash")


def _faces(parser: argparse.ArgumentParser) -> None:
    _video(parser)
    parser.add_argument("--thumbnails", metavar="DIR", type=Path, help="write a PNG picture of each person to DIR")
    parser.add_argument("--overwrite", action="store_true", help="replace thumbnails that exist")


def _separate(parser: argparse.ArgumentParser) -> None:
    _video(parser)
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument(
        "--person", metavar="ID", action="append", help="id or name as `avsep faces` shows it; may be repeated"
    )
    who.add_argument(
        "--at", metavar="SECONDS,X,Y", type=values.point, help="whose face is there at that time, in displayed pixels"
    )
    who.add_argument("--everyone", action="store_true", help="all people, one voice each")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        required=True,
        help=".wav .flac .m4a .opus (the voice), .mp4 .mkv .mov (video with labelled tracks), or a folder",
    )
    _how(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace results that exist")
    parser.add_argument(
        "--audio-index", metavar="N", type=int, help="which sound stream, `index` of `avsep probe`; default the first"
    )
    parser.add_argument(
        "--close-up",
        choices=("16:9", "1:1", "9:16"),
        help="a video that follows the person's face, with the voice as its sound: OUT itself if it is a video, "
        "one more file per person in a folder; as long as --range",
    )
    parser.add_argument("--close-up-name", action="store_true", help="write the person's name into the close-up")


def _how(parser: argparse.ArgumentParser) -> None:
    """How voices are made, for one file and for many."""
    parser.add_argument("--model", metavar="NAME", default="default", help="a name from `avsep models list`")
    parser.add_argument("--device", default="auto", metavar="auto|cpu|cuda[:N]", help="where to compute")
    parser.add_argument(
        "--range", metavar="A-B", type=values.time_range, help="only this part, in seconds or h:mm:ss; silence outside"
    )
    parser.add_argument(
        "--mix-back", metavar="0..1", type=values.share, default=0.0, help="share of everyone else left in the voice"
    )
    parser.add_argument(
        "--absent",
        choices=("silence", "hold", "original"),
        default="silence",
        help="what to do while the person is not visible",
    )
    parser.add_argument("--loudness", metavar="LUFS", type=values.loudness, help="bring the voice to this loudness")
    parser.add_argument(
        "--format", metavar="FORMAT", help="wav (default), flac, m4a or opus: the sound files in a folder"
    )
    parser.add_argument(
        "--picture", choices=("copy", "none"), default="copy", help="none: no picture track in the editor timeline"
    )


def _batch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="*",
        help="video files, folders with all below them, or patterns such as 'talks/**/*.mp4'",
    )
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="the folder for the results")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--everyone", action="store_true", help="all people of each file; default the most visible one")
    who.add_argument("--person", metavar="ID", type=values.count, help="the person with this id in each file")
    who.add_argument("--photo", metavar="FILE", type=Path, help="the person who looks like the face on this photo")
    who.add_argument(
        "--same-person", metavar="ID", type=values.count, help="the person with this id in the first file, by the face"
    )
    parser.add_argument("--manifest", metavar="CSV", type=Path, help="a table of files with options for each")
    parser.add_argument(
        "--exclude", metavar="PATTERN", action="append", default=[], help="leave files out; may be repeated"
    )
    parser.add_argument(
        "--write",
        choices=("folder", "voice", "video"),
        default="folder",
        help="for each file: a folder with voices, everyone else, timeline and report (default), one sound file, or "
        "the video with the voice as a track",
    )
    parser.add_argument(
        "--name",
        metavar="TEMPLATE",
        default="{path}/{stem}",
        help="how results are called, default %(default)s; {stem} {ext} {parent} {path} {number} {number:03} {model}",
    )
    _how(parser)
    there = parser.add_mutually_exclusive_group()
    there.add_argument("--overwrite", action="store_true", help="replace results that exist")
    there.add_argument("--skip-existing", action="store_true", help="skip files whose result exists")
    parser.add_argument("--resume", action="store_true", help="go on with the batch in DIR; new files are added")
    parser.add_argument("--retry", action="store_true", help="as --resume, and try the files again that failed")
    parser.add_argument("--dry-run", action="store_true", help="show what would be written, and write nothing")
    parser.add_argument(
        "--watch", action="store_true", help="go on for ever: do what comes into the folders, once it is whole"
    )
    parser.add_argument(
        "--workers", metavar="N", type=values.count, help="files at a time; default 1, or as the batch was begun"
    )
    parser.add_argument("--cluster", metavar="ADDRESS", help="the Dask scheduler whose workers do the files")


def _prepare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources",
        metavar="SRC",
        type=Path,
        nargs="+",
        help="a folder with a folder per speaker, or of a known corpus; a file; a list (.txt with a path per line, "
        ".csv with the columns path, speaker, split)",
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, required=True, help="the training set; a stopped run goes on there"
    )
    parser.add_argument(
        "--layout",
        choices=("auto", "folders", "lrs2", "lrs3", "voxceleb2", "grid"),
        default="auto",
        help="how the folders name speakers and splits; auto (default) recognises the corpora",
    )
    parser.add_argument("--corpus", metavar="NAME", default="", help="the corpus' name; default that of the layout")
    parser.add_argument("--audio-only", action="store_true", help="speech without faces; pictures are not used")
    for split in ("val", "test"):
        parser.add_argument(
            f"--{split}",
            metavar="SHARE",
            type=values.share,
            default=0.1,
            help=f"share of the speakers for {split} (default 0.1), where the corpus has no such split of its own",
        )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the draw of speakers")
    parser.add_argument("--morph", action="store_true", help="add other voices of the filmed speakers, lips unchanged")
    parser.add_argument(
        "--pictures",
        action="store_true",
        help="also keep pictures of mouth and face, for networks that see these",
    )
    parser.add_argument("--imagine-lips", action="store_true", help="also imagine lips for the voices without a face")
    parser.add_argument("--retry", action="store_true", help="try the files again that an earlier run left out")
    parser.add_argument("--workers", metavar="N", type=values.count, default=1, help="processes; default 1")


def _models(parser: argparse.ArgumentParser, everywhere: _Parser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_Parser)
    for name, summary, nargs in (
        ("list", "All models.", None),
        ("info", "Where one model comes from, its licence and size.", 1),
        ("verify", "Check that the files of models are unharmed.", "*"),
    ):
        action = _action(actions, everywhere, name, summary)
        if nargs is not None:
            action.add_argument("names", metavar="NAME", nargs=nargs, help="a name from `avsep models list`")
    default = _action(actions, everywhere, "default", "Show the model that is used where none is named, or choose it.")
    default.add_argument(
        "name", metavar="NAME", nargs="?", help='an installed model; "compact" goes back to the one that ships'
    )
    add = _action(actions, everywhere, "add", "Install a guest engine, or repair it; asks before it downloads.")
    add.add_argument("name", metavar="NAME", help="a guest engine of `avsep models list`")
    add.add_argument(
        "--from",
        dest="source",
        metavar="PATH",
        type=Path,
        help="its weights file, or a folder that has it, in place of a download",
    )
    add.add_argument(
        "--wheels", metavar="FOLDER", type=Path, help="a folder with its Python packages, in place of the index"
    )
    bring = _action(actions, everywhere, "import", "Put a network of your own on the shelf.")
    bring.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="its .safetensors file; the .json that training writes must be beside it",
    )
    bring.add_argument("--name", metavar="NAME", help="of the new model; default that of the file or of the run")
    remove = _action(actions, everywhere, "remove", "Delete a guest engine or an imported model with all its files.")
    remove.add_argument("name", metavar="NAME", help="a guest engine or an imported model of `avsep models list`")
    for action in (add, remove):
        action.add_argument("--yes", action="store_true", help="do not ask")


def _action(actions: Any, everywhere: _Parser, name: str, summary: str) -> argparse.ArgumentParser:
    """A new action of the model shelf."""
    made: argparse.ArgumentParser = actions.add_parser(
        name, help=summary, description=summary, parents=[everywhere], allow_abbrev=False
    )
    return made
