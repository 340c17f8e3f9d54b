"""The Chalice application: one blueprint per endpoint group, one per kind of worker.

In Lambda, `ENDPOINT_GROUP` names the one group to load: importing the others would only lengthen a cold start, and the
function's role could not serve them anyway. Unset, everything is loaded; that is what packaging and the tests see.
Workers have handlers of their own (``chalicelib.workers.<module>.<function>``) and never import this module.
"""

import importlib

from chalicelib import settings
from chalicelib.api.edge.gateway import Gateway

#: Endpoint group → module whose `routes` blueprint it serves. A group is one Lambda with one role (see infra/roles.py).
GROUPS = {
    "market": "chalicelib.api.coinport.market",
    "identity": "chalicelib.api.coinport.identity",
    "trading": "chalicelib.api.coinport.trading",
    "wallet": "chalicelib.api.coinport.wallet",
    "reserves": "chalicelib.api.coinport.reserves",
    "broker": "chalicelib.api.broker.account",
    "broker-security": "chalicelib.api.broker.security",
    "broker-papers": "chalicelib.api.broker.papers",
    "oauth": "chalicelib.api.broker.oauth",
    "router": "chalicelib.api.router.endpoint",
    "ramp": "chalicelib.api.ramp.partner",
    "draft-open": "chalicelib.api.draft.open",
    "draft": "chalicelib.api.draft.account",
    "web": "chalicelib.api.ramp.page",
}
#: Modules whose `routes` blueprint holds event handlers.
WORKERS = (
    "chalicelib.workers.matching",
    "chalicelib.workers.sweeper",
    "chalicelib.workers.audits",
    "chalicelib.workers.checkpoints",
    "chalicelib.workers.klines",
    "chalicelib.workers.snapshots",
    "chalicelib.workers.tickers",
    "chalicelib.workers.transfer_files",
    "chalicelib.workers.mail",
    "chalicelib.workers.ramp",
    "chalicelib.workers.custody",
    "chalicelib.workers.ops",
)

app = Gateway(app_name="exchange")
for group, module in GROUPS.items():
    if settings.ENDPOINT_GROUP in {"", group}:
        app.register_blueprint(importlib.import_module(module).routes)
if not settings.ENDPOINT_GROUP:
    for module in WORKERS:
        app.register_blueprint(importlib.import_module(module).routes)
