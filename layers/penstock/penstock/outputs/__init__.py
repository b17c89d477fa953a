"""One module an artefact that the stages write, and read again."""
