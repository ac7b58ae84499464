"""The one way in for uploads: memory, up to a cap. A file that people send never touches the disk in clear."""

import io

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from common.documents.limits import MAX_BODY, MAX_FILE, MAX_FILES, MAX_REQUEST
from common.documents.refusals import DocumentRefused, RequestTooBig, TooBig, TooManyFiles


class RefusedUpload(InMemoryUploadedFile):
    """A file of which no byte was kept; ``accept_upload`` raises its ``refusal``, so that the form says why."""

    refusal: DocumentRefused


class BoundedMemoryHandler(FileUploadHandler):
    """Keep files in memory within the limits of a file and of the request; read past the rest without keeping it."""

    def __init__(self, request=None):
        super().__init__(request)
        self.files = self.total = 0

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):
        """Raise RequestDataTooBig (a 400 page) for a body that is not even worth reading to its end."""
        if content_length > MAX_BODY:
            raise RequestDataTooBig("The body of this request is larger than any form of the portal needs.")

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        self.files += 1
        self.content = io.BytesIO()
        self.refusal = TooManyFiles() if self.files > MAX_FILES else None

    def receive_data_chunk(self, raw_data, start):
        self.refusal = self.refusal or self._refusal(start + len(raw_data), len(raw_data))
        if self.refusal:
            self.total -= self.content.tell()
            self.content = io.BytesIO()
            return
        self.content.write(raw_data)
        self.total += len(raw_data)

    def file_complete(self, file_size):
        form = RefusedUpload if self.refusal else InMemoryUploadedFile
        self.content.seek(0)
        file = form(
            self.content, self.field_name, self.file_name, self.content_type, file_size, self.charset,
            self.content_type_extra,
        )  # fmt: skip
        if self.refusal:
            file.refusal = self.refusal
        return file

    def _refusal(self, size: int, added: int) -> DocumentRefused | None:
        if size > MAX_FILE:
            return TooBig()
        return RequestTooBig() if self.total + added > MAX_REQUEST else None
