"""登録の経路: the simulator of the intermediate server, and both channels to it, over real folders and real TLS."""
