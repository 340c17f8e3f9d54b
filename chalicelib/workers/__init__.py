"""Event entry points: queues, schedules and operators call these.

Each function is two or three lines: take the event apart, call one verb of a service. The service is imported inside
the function, so that packaging can load every worker without building a single client.
Lambda finds a worker by the text ``module.function``: the decorated object itself must be bound to that name.
"""
