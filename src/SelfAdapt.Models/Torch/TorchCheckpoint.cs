using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Torch;

/// <summary>
/// A torch state dict: named tensors in order, as Cellpose saves them (docs/cellpose.md 2).
/// </summary>
public sealed class TorchCheckpoint
{
    private readonly Dictionary<string, OnnxTensor> _byName;

    /// <summary>Wraps tensors.</summary>
    /// <param name="origin">The name to use in messages, usually the file name.</param>
    /// <param name="tensors">Float, Double, Float16, BFloat16 or Int64 tensors with names of their own, in
    /// order.</param>
    /// <exception cref="ArgumentException">Two tensors have the same name.</exception>
    internal TorchCheckpoint(string origin, IReadOnlyList<OnnxTensor> tensors)
    {
        (Origin, Tensors) = (origin, tensors);
        _byName = tensors.ToDictionary(t => t.Name);
    }

    /// <summary>The name it goes by in messages.</summary>
    public string Origin { get; }

    /// <summary>The tensors in file order.</summary>
    internal IReadOnlyList<OnnxTensor> Tensors { get; }

    /// <summary>
    /// True if a file begins like a checkpoint: a zip file, torch's format from before 1.6, or safetensors.
    /// </summary>
    /// <param name="head">The file's first bytes, nine or more.</param>
    public static bool LooksLikeOne(ReadOnlySpan<byte> head) =>
        head.StartsWith("PK\x03\x04"u8) || LegacyTorchStream.LooksLikeOne(head) || SafeTensors.LooksLikeOne(head);

    /// <summary>Reads a checkpoint file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SelfAdaptException">
    /// The file can't be read (UnreadableInput), or is malformed or holds anything but tensors
    /// (ModelMalformed).
    /// </exception>
    public static TorchCheckpoint Load(string path) => Parse(ModelBytes.Load(path, "checkpoint"), path);

    /// <summary>Reads a checkpoint in memory.</summary>
    /// <param name="bytes">The file's content.</param>
    /// <param name="origin">The name to use in messages.</param>
    /// <exception cref="SelfAdaptException">
    /// It is malformed, or holds anything but tensors (ModelMalformed).
    /// </exception>
    public static TorchCheckpoint Parse(byte[] bytes, string origin)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        if (SafeTensors.LooksLikeOne(bytes))
        {
            return new TorchCheckpoint(origin, WithoutPrefix(SafeTensors.Read(bytes, origin)));
        }

        using TorchReader reader = new(bytes, origin);
        return new TorchCheckpoint(origin, WithoutPrefix(reader.Read()));
    }

    /// <summary>Without what wrappers of a module (DataParallel, torch.compile) put before every name.</summary>
    private static List<OnnxTensor> WithoutPrefix(List<OnnxTensor> tensors)
    {
        foreach (string prefix in (string[])["_orig_mod.", "module."])
        {
            if (tensors.Count > 0 && tensors.TrueForAll(t => t.Name.StartsWith(prefix, StringComparison.Ordinal)))
            {
                tensors = tensors.ConvertAll(t => t.Renamed(t.Name[prefix.Length..]));
            }
        }

        return tensors;
    }

    /// <summary>The tensor of this name, or null.</summary>
    /// <param name="name">Its key in the state dict.</param>
    internal OnnxTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>
    /// The same state dict with other values; tensors that are not named or do not change keep their bits, and element
    /// types stay, but for 16-bit floats, which would lose most of a change: they become 32-bit.
    /// </summary>
    /// <param name="weights">New values by key, row-major, as many as the tensor has.</param>
    /// <exception cref="SelfAdaptException">
    /// A name is not in the state dict, or has another number of values, or is no floating-point tensor.
    /// </exception>
    public TorchCheckpoint WithWeights(IReadOnlyDictionary<string, float[]> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        foreach ((string name, float[] values) in weights)
        {
            OnnxTensor? tensor = Find(name);
            if (tensor is null || tensor.Count != values.Length || !OnnxDataTypes.IsFloating(tensor.DataType))
            {
                string has = tensor is null
                    ? "there is none of that name"
                    : $"it is {tensor.DataType} [{string.Join(',', tensor.Dims)}]";
                throw new SelfAdaptException(
                    ErrorKind.ModelUnsupported, Origin,
                    $"{values.Length} floats can't be written to the tensor '{name}': {has}.");
            }
        }

        return new TorchCheckpoint(Origin, [.. Tensors.Select(Changed)]);

        OnnxTensor Changed(OnnxTensor tensor) =>
            !weights.TryGetValue(tensor.Name, out float[]? v) ? tensor
            : OnnxDataTypes.Size(tensor.DataType) > 2 ? tensor.WithValues(tensor.Name, v)
            : tensor.ToFloats().SequenceEqual(v) ? tensor
            : OnnxTensor.FromFloats(tensor.Name, [.. tensor.Dims], v);
    }

    /// <summary>
    /// The state dict as a file that torch.load reads; the same tensors give the same bytes.
    /// </summary>
    /// <param name="root">Name of the folder inside the zip file; torch uses the file name without
    /// extension.</param>
    public byte[] ToArray(string root = "archive") => TorchWriter.Write(Tensors, root);
}
