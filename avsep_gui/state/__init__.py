"""What the window knows: the document and the item models over it. No widgets."""
