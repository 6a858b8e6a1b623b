using SelfAdapt.Files;

namespace SelfAdapt.Tests;

/// <summary>How a disk fails.</summary>
internal enum DiskFault
{
    /// <summary>One operation does nothing but fail.</summary>
    Once,

    /// <summary>One write gets half of its bytes there, then fails.</summary>
    Half,

    /// <summary>From one operation on nothing more can be written; deleting and renaming still work.</summary>
    Full,
}

/// <summary>
/// Stands where the disk is, until it is disposed of. Operations are counted: opening, writing, flushing, setting a length,
/// renaming, deleting anything but a half-written file.
/// </summary>
internal sealed class FaultyDisk : IFileLayer, IDisposable
{
    private readonly int _failing;
    private readonly DiskFault _fault;
    private readonly HashSet<string> _begun = [];

    public FaultyDisk(int failing, DiskFault fault)
    {
        (_failing, _fault) = (failing, fault);
        Disk.Current = this;
    }

    /// <summary>Operations so far.</summary>
    public int Operations { get; private set; }

    /// <summary>Whether a folder was flushed after the last rename.</summary>
    public bool FolderFlushed { get; private set; }

    /// <summary>Whether a half-written file is still there.</summary>
    public bool LeftSomething => _begun.Any(File.Exists);

    private bool Fails => _fault == DiskFault.Full ? Operations > _failing : Operations == _failing + 1;

    public void Dispose() => Disk.Current = Disk.Real;

    public Stream Create(string path)
    {
        Count(writes: true);
        _begun.Add(path);
        return new FaultyStream(this, Disk.Real.Create(path));
    }

    public Stream Grow(string path, bool anew)
    {
        Count(writes: true);
        return new FaultyStream(this, Disk.Real.Grow(path, anew));
    }

    public void Flush(Stream stream)
    {
        // The disk's own flush takes its time, and is not what is tried here.
        Count(writes: true);
    }

    public void Replace(string from, string to)
    {
        Count(writes: false);
        Disk.Real.Replace(from, to);
        FolderFlushed = false;
    }

    public void FlushFolder(string path) => FolderFlushed = true;

    public void Delete(string path)
    {
        if (!_begun.Contains(path))
        {
            Count(writes: false);
        }

        Disk.Real.Delete(path);
    }

    private void Count(bool writes)
    {
        Operations++;
        if (Fails && (writes || _fault != DiskFault.Full))
        {
            throw new IOException("No space left on device.");
        }
    }

    private sealed class FaultyStream(FaultyDisk disk, Stream inner) : Stream
    {
        public override bool CanRead => inner.CanRead;

        public override bool CanSeek => inner.CanSeek;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position
        {
            get => inner.Position;
            set => inner.Position = value;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                disk.Count(writes: true);
            }
            catch (IOException) when (disk._fault == DiskFault.Half)
            {
                inner.Write(buffer[..(buffer.Length / 2)]);
                throw;
            }

            inner.Write(buffer);
        }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

        public override void SetLength(long value)
        {
            disk.Count(writes: true);
            inner.SetLength(value);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
