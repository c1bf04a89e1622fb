"""Pictures that a page may show: figures drawn as SVG from their records, and PNG taken apart and written anew."""
