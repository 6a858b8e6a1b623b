using System;
using System.Collections.Generic;
using System.Linq;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Torch;

/// <summary>A torch state dict: named tensors in order, as Cellpose saves them (docs/cellpose.md 2).</summary>
public sealed class TorchCheckpoint
{
    private readonly Dictionary<string, OnnxTensor> _byName;

    /// <param name="tensors">Float, Double, Float16 or Int64 tensors with names of their own, in
    /// order.</param>
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
    /// True if a file begins like a torch checkpoint (a zip file, or torch's format from before 1.6).
    /// </summary>
    /// <param name="head">The file's first bytes, four or more.</param>
    public static bool LooksLikeOne(ReadOnlySpan<byte> head) =>
        head.StartsWith("PK\x03\x04"u8) || head.StartsWith((ReadOnlySpan<byte>)[0x80, 0x02, 0x8a, 0x0a]);

    /// <summary>Reads a checkpoint file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SelfAdaptException">
    /// The file can't be read (UnreadableInput), or is malformed or holds anything but tensors (ModelMalformed).
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
        using TorchReader reader = new(bytes, origin);
        return new TorchCheckpoint(origin, reader.Read());
    }

    internal OnnxTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The same state dict with other values; element types stay, tensors not named keep their bits.</summary>
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
            weights.TryGetValue(tensor.Name, out float[]? v) ? tensor.WithValues(tensor.Name, v) : tensor;
    }

    /// <summary>The state dict as a file that torch.load reads; the same tensors give the same bytes.</summary>
    /// <param name="root">Name of the folder inside the zip file; torch uses the file name without
    /// extension.</param>
    public byte[] ToArray(string root = "archive") => TorchWriter.Write(Tensors, root);
}
