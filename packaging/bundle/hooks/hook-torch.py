"""In place of the hook that collects all of PyTorch: the modules that are imported, and its libraries."""

from PyInstaller.utils.hooks import PY_DYLIB_PATTERNS, collect_data_files, collect_dynamic_libs

binaries = collect_dynamic_libs("torch", search_patterns=[*PY_DYLIB_PATTERNS, "*.so.*"])
datas = collect_data_files("torch", includes=["bin/torch_shm_manager"])
bindepend_symlink_suppression = ["**/torch/lib/*.so*"]  # it looks for its libraries beside one another
module_collection_mode = "pyz+py"  # some of it reads its own source when it is loaded
