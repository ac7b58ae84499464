"""How much the portal takes; bytes unless a name says otherwise."""

MIB = 1024 * 1024

MAX_FILE = 10 * MIB
MAX_FILES = 5  # files a person chose in one request
MAX_REQUEST = 25 * MIB  # all files of a request together
MAX_AGENT_DAY = 500 * MIB  # what an agent sends in a day; families: a setting of the authority
BLOCK = 4096  # the least that a file counts for, as on a disk
MAX_BODY = 100 * MIB  # beyond, the request is not even read

MAX_PIXELS = 40_000_000
MAX_JPEG_PIXELS = 210_000_000  # a JPEG is read at a half, a quarter or an eighth of its size
MAX_PROGRESSIVE_PIXELS = 64_000_000  # but a progressive one is held whole before that: up to 8 bytes a pixel
MAX_SIDE = 4000  # pixels: A4 at 340 dots an inch
MAX_PAGES = 200
MAX_PARTS = 200_000  # dictionaries, arrays and streams of a PDF
MAX_STREAM = 112 * MIB  # one stream of a PDF, unpacked: A4 in colour at 600 dots an inch
MAX_STREAMS = 224 * MIB  # all of them
MAX_CLEANED = 15 * MIB
MAX_BESIDE = 100_000  # letters that are told beside the pages of a PDF

CHILD_MEMORY = 768 * MIB
CHILD_CPU_SECONDS = 8
CHILD_SECONDS = 15
SCAN_SECONDS = 10
