"""Where secret files are."""

from pydantic import BaseModel, Field


class SecretFiles(BaseModel):
    """Where settings come from."""

    secrets_dir: str | None = Field(
        default=None,
        description="Folder of secret files, each named like the setting it holds: "
        "`jwt_secret` or `RINGLINE_JWT_SECRET`.",
    )
