"""One step of a process instance: the rules of BPMN, as Camunda 7 and its forks run them.

    interpreter     starts an instance, tells it a message, fires its timer
    state           what an instance is between two steps; `step` and `course`: what it is during one
    entering        waits, subprocesses, boundary events, event subprocesses
    scopes          leaving elements, splits, the ends of subprocesses and instances, terminate
    gateways        exclusive, parallel, inclusive; event-based ones wait (`subscriptions`)
    subscriptions   who listens for which message or timer
    conditions      conditional events
    repetition      multi-instance elements
    calls           call activities
    throwing        errors, escalations, signals, cancellation
    compensation    undoing what was done

Each rule names its source: a section of BPMN 2.0.2, or the class of Operaton that does it.
"""
