using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace SelfAdapt.Models.Torch;

/// <summary>
/// The zip container of a torch checkpoint: data.pkl, data/N, version (docs/cellpose.md 2.2).
/// </summary>
internal sealed class TorchArchive : ITorchContainer
{
    private readonly byte[] _bytes;
    private readonly string _origin;
    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = [];
    private readonly string _root;

    public TorchArchive(byte[] bytes, string origin)
    {
        (_bytes, _origin) = (bytes, origin);
        _zip = Guarded(() => new ZipArchive(new MemoryStream(bytes, writable: false), ZipArchiveMode.Read));
        _root = Guarded(Index);
        if (_entries.ContainsKey(_root + "byteorder")
            && Encoding.ASCII.GetString(Read("byteorder")).Trim() is string order && order != "little")
        {
            throw Malformed($"its byte order is '{order}'; only little-endian files are read");
        }
    }

    public void Dispose() => _zip.Dispose();

    public object? ReadObject() => new PickleReader(Read("data.pkl"), _origin).Read();

    public byte[] ReadStorage(string key) => Read($"data/{key}");

    public SelfAdaptException Malformed(string why) => Malformed(_origin, why);

    /// <summary>The error for a damaged checkpoint.</summary>
    public static SelfAdaptException Malformed(string origin, string why) => Malformed(origin, "torch checkpoint", why);

    /// <summary>The same for another kind of file.</summary>
    public static SelfAdaptException Malformed(string origin, string kind, string why) => new(
        ErrorKind.ModelMalformed, origin,
        $"can't be read as a {kind}: {why}. "
        + "The file may be cut short or damaged: copy or save it again.");

    /// <summary>The error for a file that torch wrote and that is no checkpoint.</summary>
    public static SelfAdaptException Foreign(string origin, string what) => new(
        ErrorKind.ModelUnsupported, origin,
        $"is no checkpoint: {what}. Save the state dict with torch.save(model.state_dict(), ...), or export the "
        + "network with torch.onnx.export and name the .onnx file.");

    /// <summary>One entry's content, by its name below the root folder.</summary>
    private byte[] Read(string name)
    {
        if (!_entries.TryGetValue(_root + name, out ZipArchiveEntry? entry))
        {
            throw Malformed($"the entry '{_root}{name}' is missing");
        }

        return Guarded(() => Read(entry));
    }

    private string Index()
    {
        string? root = null;
        foreach (ZipArchiveEntry entry in _zip.Entries)
        {
            if (entry.FullName.Contains("/code/", StringComparison.Ordinal)
                || entry.FullName.EndsWith("/constants.pkl", StringComparison.Ordinal))
            {
                throw Foreign(_origin, "it is a TorchScript archive, a program with its weights");
            }

            if (!_entries.TryAdd(entry.FullName, entry))
            {
                throw Malformed($"the entry '{entry.FullName}' occurs twice");
            }

            int slash = entry.FullName.IndexOf('/', StringComparison.Ordinal);
            if (slash >= 0 && entry.FullName.AsSpan(slash + 1).SequenceEqual("data.pkl"))
            {
                root = root is null
                    ? entry.FullName[..(slash + 1)]
                    : throw Malformed("it holds two data.pkl");
            }
        }

        return root ?? throw Malformed("it holds no data.pkl");
    }

    private byte[] Read(ZipArchiveEntry entry)
    {
        if (entry.Length != entry.CompressedLength || entry.Length > _bytes.Length)
        {
            throw Malformed($"the entry '{entry.FullName}' is compressed; torch stores entries as they are");
        }

        byte[] content = new byte[entry.Length];
        using Stream stream = entry.Open();
        stream.ReadExactly(content);
        return Crc32.HashToUInt32(content) == entry.Crc32
            ? content
            : throw Malformed($"the checksum of the entry '{entry.FullName}' is wrong");
    }

    /// <summary>Turns what the zip reader throws on damaged files into our error.</summary>
    private T Guarded<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or InvalidDataException or NotSupportedException
            or ArgumentException or OverflowException)
        {
            throw Malformed($"the zip container is broken ({e.Message.TrimEnd('.')})");
        }
    }
}
