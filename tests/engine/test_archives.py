import io
import tarfile

from minisets.engine.archives import archive, file, folder, link


def test_an_archive_says_of_each_entry_what_it_is_and_whose() -> None:
    entries = [folder("a", 0o2755, 7), file("a/b", 0o640, b"text", 7), link("c", "a/b"), file("d", 0o666)]
    with tarfile.open(fileobj=io.BytesIO(archive(entries))) as tar:
        found = [(one.name, one.type, one.mode, one.size, one.linkname, one.uid, one.gid) for one in tar]
        content = tar.extractfile("a/b")
        assert content is not None
        assert content.read() == b"text"
    assert found == [
        ("a", tarfile.DIRTYPE, 0o2755, 0, "", 0, 7),
        ("a/b", tarfile.REGTYPE, 0o640, 4, "", 0, 7),
        ("c", tarfile.SYMTYPE, 0o777, 0, "a/b", 0, 0),
        ("d", tarfile.REGTYPE, 0o666, 0, "", 0, 0),
    ]
