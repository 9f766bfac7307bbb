"""The demo memory, made from the free drawings of Openclipart or from Imagenette."""
