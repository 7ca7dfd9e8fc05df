"""A model's own diagram as one SVG, coloured by what ran: `drawn(model, counts)`.

`layout` reads where things are (BPMN DI), `meaning` what they are; `shapes`, `edges`, `icons` and `texts`
draw them; `page` puts it all on a page with its heading and legend.
"""

from trackflow.testing.diagram.page import drawn

__all__ = ["drawn"]
