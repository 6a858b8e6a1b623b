using System.Globalization;

namespace SelfAdapt.Models.Onnx;

/// <summary>
/// The files beside a model in which tensors keep their values (ONNX's external data): files of the model's own folder
/// and nothing else, each read whole when a tensor first names it.
/// </summary>
internal sealed class ExternalData
{
    private readonly string? _folder;
    private readonly Dictionary<string, ModelSource> _files;
    private readonly List<(string Location, ByteRange Range, string Tensor)> _taken = [];

    /// <param name="folder">The model's folder; null for a model in memory, which may have no such files.</param>
    public ExternalData(string? folder) => (_folder, _files) = (folder, []);

    /// <summary>Files in memory, by the location that tensors name.</summary>
    public ExternalData(IEnumerable<KeyValuePair<string, byte[]>> files) =>
        _files = files.ToDictionary(f => f.Key, f => new ModelSource(f.Value, f.Key));

    /// <summary>The files' content by location.</summary>
    public IReadOnlyDictionary<string, ModelSource> Files => _files;

    /// <summary>Where a tensor's values are.</summary>
    /// <param name="model">The model, for errors.</param>
    /// <param name="tensor">The tensor's name.</param>
    /// <param name="entries">What it tells: location, offset, length.</param>
    /// <param name="size">Bytes that its sizes ask for; null if its type does not tell.</param>
    public TensorData Find(ModelSource model, string tensor, IReadOnlyDictionary<string, string> entries, long? size)
    {
        string location = entries.GetValueOrDefault("location", "");
        long offset = Number("offset") ?? 0;
        long length = Number("length") ?? size ?? throw Wrong("it does not tell its length");
        if (size is { } asked && length != asked)
        {
            throw Wrong($"its sizes ask for {asked} bytes, stored are {length}");
        }

        if (!_files.TryGetValue(location, out ModelSource? file))
        {
            string path = PathOf(model, tensor, location);
            RequireWithin(new FileInfo(path).Length);
            file = new ModelSource(ModelBytes.Load(path, "file of the model's weights"), model.Origin);
            _files.Add(location, file);
        }

        RequireWithin(file.Bytes.Length);
        ByteRange range = new((int)offset, (int)length);
        _taken.Add((location, range, tensor));
        return new TensorData(file) { Raw = range };

        long? Number(string key) => !entries.TryGetValue(key, out string? text) ? null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
            : throw Wrong($"its {key} is '{text}'");

        void RequireWithin(long bytes)
        {
            if (bytes > Array.MaxLength || offset > bytes || length > bytes - offset)
            {
                throw Wrong(bytes > Array.MaxLength
                    ? $"the file '{location}' has {bytes} bytes; up to 2 GB are read"
                    : $"{length} bytes from {offset} leave the file '{location}' of {bytes} bytes");
            }
        }

        SelfAdaptException Wrong(string why) => model.Malformed($"tensor '{tensor}': {why}");
    }

    /// <summary>Refuses values that lie over each other: a change of one would change the other.</summary>
    public void RequireApart(ModelSource model)
    {
        (string Location, ByteRange Range, string Tensor)[] sorted =
        [
            .. _taken.OrderBy(t => t.Location, StringComparer.Ordinal)
                .ThenBy(t => t.Range.Start).ThenBy(t => t.Range.End),
        ];
        for (int i = 1; i < sorted.Length; i++)
        {
            ((string file, ByteRange range, string one), (string next, ByteRange other, string two)) =
                (sorted[i - 1], sorted[i]);
            if (file == next && other.Start < range.End)
            {
                throw model.Malformed($"the values of '{one}' and '{two}' lie over each other in '{file}'");
            }
        }
    }

    private string PathOf(ModelSource model, string tensor, string location)
    {
        if (_folder is null)
        {
            throw model.NotRead(
                $"tensor '{tensor}' keeps its values in another file ('{location}'; external data), which is not here.",
                "Make one file of it: in Python, onnx.save(onnx.load('model.onnx'), 'single.onnx').");
        }

        bool plain = location.Length > 0 && location is not ("." or "..") && !location.AsSpan().ContainsAny("/\\:\0");
        if (!plain || new FileInfo(Path.Combine(_folder, location)) is not { LinkTarget: null } file)
        {
            throw model.NotRead(
                $"tensor '{tensor}' keeps its values in '{location}' (external data), which is no file of the model's "
                + "own folder.", "Only such files are read: put it beside the model, or make one file of both.");
        }

        return file.Exists
            ? file.FullName
            : throw model.NotRead(
                $"tensor '{tensor}' keeps its values in the file '{location}' (external data), which is missing.",
                "Put it beside the model, under this name.");
    }
}
