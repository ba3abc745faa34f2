"""The station's surroundings without hardware: vehicle, contactor, meter, card and backend.

At the level of the HAL: `ev` is the vehicle as a circuit, `oneshot` and `wires` the page between station and world,
`fakes` the HAL over that page, `bench` what goes on in the world, `control` how it is driven from outside, `world` its
process, `launch` and `boards` how guard and daemon join it. At the level of the wire, for the real drivers:
`gpio_wires`, `rtu_meter`, `tcp_meter`, and for cards `uart_reader`, `pn532_reader`, `twn4_reader`, `keyboard_reader`,
`wiegand_wires`. And `csms`, a backend in a box.

Within one test, without any process: a `Wires.blank()`, the fakes over it, a `Bench` that is told the time, and
`events.Events` to show cards.
"""
