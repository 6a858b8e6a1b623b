using System;
using System.Collections.Generic;

namespace SelfAdapt.Models.Onnx;

/// <summary>An ONNX model file, read and checked; its bytes are kept so that weights can be patched in place.</summary>
public sealed class OnnxModel
{
    internal OnnxModel(ModelSource source, OnnxGraph graph, ModelLayout layout)
    {
        (Source, Graph, Layout) = (source, graph, layout);
    }

    /// <summary>The file's content. It belongs to the model: don't change it.</summary>
    public byte[] Bytes => Source.Bytes;

    /// <summary>The name it goes by in messages, usually the file name.</summary>
    public string Origin => Source.Origin;

    /// <summary>Version of the file format.</summary>
    public required long IrVersion { get; init; }

    /// <summary>Operator set versions by domain; "" is ONNX's own.</summary>
    public required IReadOnlyDictionary<string, long> Opsets { get; init; }

    /// <summary>The program that wrote it.</summary>
    public required string ProducerName { get; init; }

    /// <summary>That program's version.</summary>
    public required string ProducerVersion { get; init; }

    /// <summary>Free key-value pairs.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    internal OnnxGraph Graph { get; }

    internal ModelSource Source { get; }

    internal ModelLayout Layout { get; }

    internal WeightIndex WeightIndex => field ??= new WeightIndex(Graph);

    /// <summary>Reads and checks a model file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SelfAdaptException">
    /// The file can't be read (UnreadableInput), is malformed or keeps weights elsewhere (ModelMalformed), or
    /// holds subgraphs or functions (ModelUnsupported).
    /// </exception>
    public static OnnxModel Load(string path) => Parse(ModelBytes.Load(path, "model file"), path);

    /// <summary>Reads and checks a model in memory.</summary>
    /// <param name="bytes">The file's content; kept, not copied.</param>
    /// <param name="origin">The name to use in messages.</param>
    /// <exception cref="SelfAdaptException">
    /// It is malformed or keeps weights elsewhere (ModelMalformed), or holds subgraphs or functions (ModelUnsupported).
    /// </exception>
    public static OnnxModel Parse(byte[] bytes, string origin)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        OnnxModel model = new ModelParser(new ModelSource(bytes, origin)).Parse();
        GraphChecker.Check(model);
        return model;
    }

    /// <summary>
    /// The file with new weights. Only what differs is written, in place; with unchanged values the result is
    /// byte-identical. A weight is named by its initialiser, or by the output of a Constant node, or by the
    /// output of an Identity node that reads an initialiser (exporters store equal initialisers once): where such an
    /// output's value comes to differ from the shared one, the node gives way to an initialiser of its own.
    /// Weights that are not named keep their values.
    /// </summary>
    /// <param name="weights">New values by name, row-major, as many as the tensor has.</param>
    /// <param name="metadata">Key-value pairs to add to the file, or to replace there; null for none.</param>
    /// <exception cref="SelfAdaptException">
    /// A name is no weight of this model, or has another number of values, or is no floating-point tensor.
    /// </exception>
    public byte[] WithWeights(
        IReadOnlyDictionary<string, float[]> weights, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return new OnnxPatch(this).Apply(weights, metadata);
    }

    /// <summary>
    /// The tensor that a weight's name stands for: an initialiser, a Constant node's value, or the initialiser that an
    /// Identity node passes on; null if it is none of these.
    /// </summary>
    internal OnnxTensor? FindWeight(string name) => WeightIndex.Find(name)?.Tensor;
}

/// <summary>Where the parts of a model stand in its bytes.</summary>
/// <param name="GraphRecord">The graph field: tag, length, message.</param>
/// <param name="GraphPayload">Offset of the graph message itself, after tag and length.</param>
internal sealed record ModelLayout(
    ByteRange GraphRecord, int GraphPayload, IReadOnlyDictionary<string, ByteRange> MetadataRecords);
