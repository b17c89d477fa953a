"""What the console for a team is told by its environment."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """From the variables `PENSTOCK_…` that template.yaml sets. `outputs` are those of the stack that the console shows,
    by their names, but for `dispatch_queues`, whose value is JSON; `console_secret` is the secret that signs cookies;
    the rest is the company's sign-in, and the claim that has a person's groups. `console_content` says whether anybody
    may see what is in records."""

    model_config = SettingsConfigDict(env_prefix="PENSTOCK_", frozen=True)

    outputs: dict[str, str]
    dispatch_queues: str
    console_stack: str
    console_secret: str
    console_authorize_url: str
    console_token_url: str
    console_client_id: str
    console_groups_claim: str
    console_content: bool
