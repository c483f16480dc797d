"""FTP for ctcore: the helper vtable."""

from ctcore_ftp.helper import Ftp

__all__ = ["Ftp"]
