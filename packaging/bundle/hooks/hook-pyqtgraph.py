"""In place of the hook that collects everything: the colours and icons that its modules read when they are loaded."""

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files("pyqtgraph", includes=["colors/**", "icons/**"])
hiddenimports = ["PySide6.QtOpenGL", "PySide6.QtOpenGLWidgets"]  # asked for by their names
