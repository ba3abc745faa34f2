"""Boards that own pilot and contactor by themselves, behind `hal.Coprocessor`."""
