"""What a server may be asked for, and where it listens."""

from __future__ import annotations

import ipaddress

from pydantic import Field

from colorzoo.core.config import Settings

MEGABYTE = 1_000_000


class ServeSettings(Settings):
    """Settings of `colorzoo serve`; every limit ends in an answer, never in a larger process."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65_535)
    token: str | None = Field(None, description="what clients must send; none: nothing is asked for")
    allow_hosts: tuple[str, ...] = Field((), description="names in the Host header besides its own")
    allow_origins: tuple[str, ...] = Field((), description="pages of others that may call, * for all")
    allow_pull: bool = Field(False, description="clients may name weights that are not here yet")
    models: tuple[str, ...] = Field((), description="NAME or NAME:WEIGHTS that are offered; none: all")
    device: str = "auto"
    workers: int = Field(1, ge=1, le=64, description="processes for the models")
    threads: int | None = Field(None, ge=1, le=1024, description="of each process")
    batch: int | None = Field(None, ge=1, le=256, description="pictures through a network at once")
    memory: int = Field(2_000, ge=100, description="MB of models and predictions that a process keeps")
    body: int = Field(256, ge=1, description="MB of one request; of JSON, which memory holds, a quarter")
    pixels: int = Field(50, ge=1, description="million pixels of one picture")
    frames: int = Field(400, ge=1, description="pictures of one request; a volume of manga has 180 to 220")
    samples: int = Field(16, ge=1, le=1000, description="colourings of one picture")
    queue: int = Field(256, ge=1, description="jobs that are not finished")
    connections: int = Field(1024, ge=8)
    seconds: float = Field(120, gt=0, description="that one picture may take")
    patience: float = Field(10, gt=0, description="seconds for the head of a request, and without its body")
    disk: int = Field(2_000, ge=1, description="MB of pictures that are held")
    keep: float = Field(3600, gt=0, description="seconds that unused pictures and jobs are held")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def address(self) -> str:
        """The address to type into a browser here."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
