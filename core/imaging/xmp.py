"""XMP packets: made true of the upright, coloured picture, and told how it was coloured (ISO 16684-1)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from xml.dom import minidom
from xml.parsers.expat import ExpatError

if TYPE_CHECKING:
    from xml.dom.minidom import Document, Element

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TIFF = "http://ns.adobe.com/tiff/1.0/"
XAP = "http://ns.adobe.com/xap/1.0/"
MANAGEMENT = "http://ns.adobe.com/xap/1.0/mm/"
EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"/></x:xmpmeta>'
HEAD = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
TAIL = b'<?xpacket end="w"?>'


def is_damaged(packet: bytes) -> bool:
    """Return whether a packet is there that cannot be read."""
    return bool(packet) and _parsed(packet) is None


def told(packet: bytes, mark: str) -> bytes:
    """Return a packet of the upright picture without previews, whose history ends with the mark, if any.

    Always the same bytes for the same mark: there is no time in it. A damaged packet is left out.
    """
    document = _parsed(packet) if packet else None
    if document is None:
        return _told_alone(mark) if mark else b""
    _set_upright(document)
    return _with_event(document, mark)


@lru_cache(maxsize=8)
def _told_alone(mark: str) -> bytes:
    """Return the packet of a picture without one; all pictures of a run get the same."""
    return _with_event(minidom.parseString(EMPTY), mark)


def _with_event(document: Document, mark: str) -> bytes:
    if mark:
        _add_event(document, mark)
    assert document.documentElement is not None
    return HEAD + document.documentElement.toxml().encode() + TAIL


def _parsed(packet: bytes) -> Document | None:
    if b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:  # no packet needs them, and they can grow
        return None
    try:
        document = minidom.parseString(packet.strip(b"\0 \r\n\t"))
    except (ExpatError, ValueError, LookupError):
        return None
    return document if document.getElementsByTagNameNS(RDF, "RDF") else None


def _set_upright(document: Document) -> None:
    for element in document.getElementsByTagNameNS(RDF, "Description"):
        if element.hasAttributeNS(TIFF, "Orientation"):
            element.removeAttributeNS(TIFF, "Orientation")
    for namespace, name in ((TIFF, "Orientation"), (XAP, "Thumbnails")):
        for element in document.getElementsByTagNameNS(namespace, name):
            element.parentNode.removeChild(element)  # type: ignore[union-attr]


def _add_event(document: Document, mark: str) -> None:
    """Append what was done to the history, which is made where there is none."""
    lists = [
        inner
        for history in document.getElementsByTagNameNS(MANAGEMENT, "History")
        for inner in history.getElementsByTagNameNS(RDF, "Seq")
    ]
    events = lists[0] if lists else _new_history(document)
    event = _element(document, RDF, "rdf:li", events)
    event.setAttributeNS(RDF, "rdf:parseType", "Resource")
    event.setAttribute("xmlns:stEvt", EVENT)
    agent, _, parameters = mark.partition(": ")
    for name, text in (("action", "colorized"), ("softwareAgent", agent), ("parameters", parameters)):
        child = _element(document, EVENT, f"stEvt:{name}", event)
        child.appendChild(document.createTextNode(text))


def _new_history(document: Document) -> Element:
    root = document.getElementsByTagNameNS(RDF, "RDF")[0]
    described = _element(document, RDF, "rdf:Description", root)
    described.setAttributeNS(RDF, "rdf:about", _about(document))
    described.setAttribute("xmlns:xmpMM", MANAGEMENT)
    history = _element(document, MANAGEMENT, "xmpMM:History", described)
    return _element(document, RDF, "rdf:Seq", history)


def _about(document: Document) -> str:
    """Return what the other descriptions are about: a packet is about one thing."""
    described = document.getElementsByTagNameNS(RDF, "Description")
    return described[0].getAttributeNS(RDF, "about") if described else ""


def _element(document: Document, namespace: str, name: str, parent: Element) -> Element:
    """Append an element; RDF's prefix may be another in the packet, so it is declared again."""
    element = document.createElementNS(namespace, name)
    if name.startswith("rdf:"):
        element.setAttribute("xmlns:rdf", RDF)
    parent.appendChild(element)
    return element
