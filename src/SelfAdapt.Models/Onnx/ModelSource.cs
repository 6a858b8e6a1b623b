namespace SelfAdapt.Models.Onnx;

/// <summary>
/// The bytes a model came in, the name it goes by in messages, and a budget for what is built from them.
/// </summary>
internal sealed class ModelSource
{
    // A network of a hundred thousand nodes stays far below; a hostile file of empty records does not.
    private const int ItemLimit = 2_000_000;

    private int _items;

    public ModelSource(byte[] bytes, string origin) => (Bytes, Origin) = (bytes, origin);

    public byte[] Bytes { get; }

    public string Origin { get; }

    /// <summary>The files beside it.</summary>
    public ExternalData External
    {
        get => field ??= new ExternalData(folder: null);
        init;
    }

    /// <summary>Books things about to be allocated (names, records, list elements).</summary>
    public void Count(int items)
    {
        _items += items;
        if (_items > ItemLimit)
        {
            throw Malformed($"the model: it holds more than {ItemLimit} names and records, no network does");
        }
    }

    public SelfAdaptException Malformed(string whereAndWhy) => new(
        ErrorKind.ModelMalformed, Origin,
        $"can't be read as an ONNX model: {whereAndWhy}. "
        + "The file may be cut short or damaged: copy or export it again.");

    public SelfAdaptException NotRead(string what, string next) =>
        new(ErrorKind.ModelMalformed, Origin, $"{what} {next}");

    public SelfAdaptException Unsupported(string what, string next) =>
        new(ErrorKind.ModelUnsupported, Origin, $"{what} {next}");
}
