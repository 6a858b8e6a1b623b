using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace SelfAdapt.Files;

/// <summary>
/// A file with its name, so that every fault found in it can be told by name: whole in memory, or left on disk and read
/// where it is asked for.
/// </summary>
internal sealed class FileBytes : IDisposable
{
    private readonly byte[] _bytes = [];
    private readonly SafeFileHandle? _handle;

    /// <summary>Wraps the content of a file.</summary>
    /// <param name="name">The name shown in messages.</param>
    public FileBytes(string name, byte[] bytes) => (Name, _bytes, Length) = (name, bytes, bytes.Length);

    private FileBytes(string name, SafeFileHandle handle) =>
        (Name, _handle, Length) = (name, handle, RandomAccess.GetLength(handle));

    /// <summary>No file.</summary>
    public static FileBytes Empty { get; } = new("", []);

    /// <summary>The name shown in messages.</summary>
    public string Name { get; }

    /// <summary>Length of the file, bytes.</summary>
    public long Length { get; }

    /// <summary>The whole content of a file in memory.</summary>
    public ReadOnlySpan<byte> All => _bytes;

    /// <summary>Whether the file stays on disk, so that pages may be larger than memory.</summary>
    public bool IsStreamed => _handle is not null;

    private long MostPageSamples => IsStreamed ? ImageLimits.StreamedSamples : ImageLimits.PageSamples;

    /// <summary>Opens a file that stays on disk.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: it is absent or not readable.</exception>
    public static FileBytes Open(string path)
    {
        try
        {
            return new FileBytes(path, File.OpenHandle(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException
            or ArgumentException)
        {
            throw Unreadable(path, WhyNotOpened(path, e), e);
        }
    }

    /// <summary>Why a file could not be opened, in words for the user.</summary>
    public static string WhyNotOpened(string path, Exception e) =>
        path.Contains('\uFFFD') ? "its name is no valid UTF-8, so it can't be opened; give it another name"
        : e is not (FileNotFoundException or DirectoryNotFoundException) ? e.Message
        : new FileInfo(path).LinkTarget is { } target ? $"it is a link to {target}, which is not there"
        : "there is no such file";

    public void Dispose() => _handle?.Dispose();

    /// <summary>Reads a file.</summary>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: it is absent, empty, not readable or larger than <see cref="ImageLimits.FileBytes"/>.
    /// </exception>
    public static FileBytes Load(string path)
    {
        try
        {
            if (Directory.Exists(path))
            {
                throw Unreadable(path, "it is a folder, not a file", null);
            }

            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            if (stream.Length == 0)
            {
                throw Unreadable(path, "the file is empty", null);
            }

            if (stream.Length > ImageLimits.FileBytes)
            {
                throw Unreadable(path, $"{stream.Length:N0} bytes are more than the "
                    + $"{ImageLimits.FileBytes:N0} that are read; split it into smaller files", null);
            }

            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return new FileBytes(path, bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException
            or ArgumentException)
        {
            throw Unreadable(path, WhyNotOpened(path, e), e);
        }
    }

    /// <summary>The error for content that breaks its format's rules.</summary>
    /// <param name="reason">What is wrong and where.</param>
    public SelfAdaptException Malformed(string reason)
        => new(ErrorKind.UnreadableInput, Name,
            $"{reason}. The file is damaged or incomplete: copy or export it again.");

    /// <summary>The error for content that is valid but of a kind that is not read.</summary>
    /// <param name="reason">What is not read, and what would be.</param>
    public SelfAdaptException Unsupported(string reason) => new(ErrorKind.UnreadableInput, Name, $"{reason}.");

    /// <summary>Part of the file.</summary>
    /// <param name="what">What lies there, for the message.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: the range is not inside the file.</exception>
    public ReadOnlySpan<byte> Slice(long offset, long length, string what)
    {
        CheckRange(offset, length, what);
        return IsStreamed ? ReadFromDisk(offset, length, what) : _bytes.AsSpan((int)offset, (int)length);
    }

    /// <summary>Part of the file as a stream.</summary>
    /// <param name="what">What lies there, for the message.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: the range is not inside the file.</exception>
    public MemoryStream Stream(long offset, long length, string what)
    {
        CheckRange(offset, length, what);
        return IsStreamed
            ? new MemoryStream(ReadFromDisk(offset, length, what), writable: false)
            : new MemoryStream(_bytes, (int)offset, (int)length, writable: false);
    }

    /// <summary>An unsigned big-endian 32-bit number.</summary>
    /// <param name="what">What it is, for the message.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: it is not inside the file.</exception>
    public uint UInt32BigEndian(long offset, string what)
        => BinaryPrimitives.ReadUInt32BigEndian(Slice(offset, 4, what));

    /// <summary>Refuses a size before anything of it is allocated.</summary>
    /// <param name="bytesPerSample">Bytes of one sample.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: a size is zero, or the page is larger than <see cref="ImageLimits"/> allows.
    /// </exception>
    public void CheckPageSize(long width, long height, long channels, int bytesPerSample)
    {
        if (width < 1 || height < 1 || channels < 1)
        {
            throw Malformed($"it declares {width} x {height} pixels with {channels} channels");
        }

        Int128 samples = (Int128)width * height * channels;
        if (samples > MostPageSamples || (!IsStreamed && samples * bytesPerSample > ImageLimits.PageBytes))
        {
            throw Unsupported(
                $"it declares {width} x {height} pixels with {channels} channels, more than the "
                + $"{MostPageSamples:N0} values that are read; crop it into smaller images");
        }
    }

    private byte[] ReadFromDisk(long offset, long length, string what)
    {
        if (length > ImageLimits.PageBytes)
        {
            throw Unsupported(
                $"{what} has {length:N0} bytes, more than the {ImageLimits.PageBytes:N0} that are read at once; save "
                + "the image in smaller strips or in tiles");
        }

        byte[] bytes = new byte[length];
        try
        {
            for (int read = 0; read < bytes.Length;)
            {
                int got = RandomAccess.Read(_handle!, bytes.AsSpan(read), offset + read);
                read += got > 0 ? got : throw Malformed($"{what} ends too early");
            }
        }
        catch (IOException e)
        {
            throw Unreadable(Name, e.Message, e);
        }

        return bytes;
    }

    private static SelfAdaptException Unreadable(string path, string reason, Exception? cause)
    {
        string message = $"{path}: can't be read: {reason}.";
        return cause is null
            ? new SelfAdaptException(ErrorKind.UnreadableInput, message)
            : new SelfAdaptException(ErrorKind.UnreadableInput, message, cause);
    }

    private void CheckRange(long offset, long length, string what)
    {
        if (offset < 0 || length < 0 || offset > Length || length > Length - offset)
        {
            throw Malformed($"{what} ({length} bytes at byte {offset}) reaches past the end of the file "
                + $"({Length} bytes)");
        }
    }
}
