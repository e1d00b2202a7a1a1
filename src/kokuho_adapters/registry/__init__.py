"""中間サーバーへの経路: the two ways to the 医療保険者等向け中間サーバー, by folder and server to server (R-3).

Both are a :class:`~kokuho_core.ports.registry.RegistryGateway`; the use cases do not know which one they have.
"""
