"""Workspace: picture, transport, side panel and time line, in splitters that remember."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QImage
from PySide6.QtWidgets import QFrame, QSplitter, QVBoxLayout, QWidget

from avsep_gui.lane_feed import LaneFeed
from avsep_gui.look import Look
from avsep_gui.player.player import Player
from avsep_gui.settings import Settings
from avsep_gui.state.document import Document
from avsep_gui.views.listen_panel import ListenPanel
from avsep_gui.views.people_panel import PeoplePanel
from avsep_gui.views.timeline_view import TimelineView
from avsep_gui.views.transport_bar import TransportBar
from avsep_gui.views.video_view import VideoView

SIDE_PX = 328
MOST_SIDE_PX = 420
FIRST_HEIGHTS_PX = (470, 360)


class Workspace(QWidget):
    """Everything that is seen while a video is open. Connects the player's time to the views."""

    def __init__(
        self,
        document: Document,
        player: Player,
        actions: dict[str, QAction],
        look: Look,
        settings: Settings,
        feed: LaneFeed,
    ) -> None:
        super().__init__()
        self.setObjectName("workspace")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._document = document
        self._player = player
        self._settings = settings
        self._look = look
        self._resume_after_scrub = False
        self.video = VideoView(document, look)
        self.transport = TransportBar(actions, look)
        self.people = PeoplePanel(document, look)
        self.listen = ListenPanel(document, look)
        self.timeline = TimelineView(document, look, feed)
        stage = QWidget()
        stage_layout = QVBoxLayout(stage)
        stage_layout.setContentsMargins(0, 0, 0, 0)
        stage_layout.setSpacing(0)
        stage_layout.addWidget(self.video, 1)
        stage_layout.addWidget(self.transport)
        self.side = QFrame()
        self.side.setObjectName("sidePanel")
        side_layout = QVBoxLayout(self.side)
        side_layout.setContentsMargins(0, 0, 0, 0)
        side_layout.setSpacing(0)
        side_layout.addWidget(self.people, 1)
        side_layout.addWidget(self.listen)
        self._upper = QSplitter(Qt.Orientation.Horizontal)
        self._upper.addWidget(stage)
        self._upper.addWidget(self.side)
        self._upper.setStretchFactor(0, 1)
        self._upper.setChildrenCollapsible(False)
        self._all = QSplitter(Qt.Orientation.Vertical)
        self._all.addWidget(self._upper)
        self._all.addWidget(self.timeline)
        self._all.setStretchFactor(0, 3)
        self._all.setStretchFactor(1, 1)
        self._all.setSizes(list(FIRST_HEIGHTS_PX))
        self._all.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._all)
        for name, splitter in (("upper", self._upper), ("all", self._all)):
            state = settings.layout(name)
            if state is not None:
                splitter.restoreState(state)
        look.changed.connect(self._on_look)
        self._on_look()
        player.picture.frame_changed.connect(self._on_frame)
        player.position_changed.connect(self._on_position)
        player.level_changed.connect(self.transport.meter.set_level)
        self.timeline.seek_wanted.connect(player.scrub)
        self.timeline.scrubbing.connect(self._on_scrubbing)
        self.timeline.range_wanted.connect(document.set_range)
        document.open_state_changed.connect(self._on_opened)

    def save_layout(self) -> None:
        """Remember the splitters."""
        self._settings.set_layout("upper", self._upper.saveState())
        self._settings.set_layout("all", self._all.saveState())

    def show_only_picture(self, only: bool, *, side: bool, timeline: bool) -> None:
        """Full screen: picture and transport alone; otherwise the panels that the user wants."""
        self.side.setVisible(side and not only)
        self.timeline.setVisible(timeline and not only)

    def _on_look(self) -> None:
        self.side.setMinimumWidth(self._look.px(SIDE_PX))
        self.side.setMaximumWidth(self._look.px(MOST_SIDE_PX))

    def _on_frame(self, image: QImage, at_s: float) -> None:
        self.video.set_frame(image, at_s)

    def _on_position(self, at_s: float) -> None:
        self.transport.set_position(at_s)
        self.timeline.set_playhead(at_s, follow=self._player.playing)
        self.listen.set_position(at_s)

    def _on_scrubbing(self, begins: bool) -> None:
        if begins:
            self._resume_after_scrub = self._player.playing
            self._player.pause()
            return
        self._player.end_scrub()
        if self._resume_after_scrub:
            self._player.play()

    def _on_opened(self) -> None:
        self.transport.set_duration(self._document.duration_s)
        self.video.setFocus(Qt.FocusReason.OtherFocusReason)
