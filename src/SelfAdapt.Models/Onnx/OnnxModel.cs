using SelfAdapt.Files;

namespace SelfAdapt.Models.Onnx;

/// <summary>
/// An ONNX model file, read and checked; its bytes are kept so that weights can be patched in place.
/// </summary>
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

    /// <summary>The network.</summary>
    internal OnnxGraph Graph { get; }

    internal ModelSource Source { get; }

    internal ModelLayout Layout { get; }

    internal WeightIndex WeightIndex => field ??= new WeightIndex(Graph);

    /// <summary>Reads and checks a model file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SelfAdaptException">
    /// The file can't be read (UnreadableInput), is malformed or keeps weights outside of its folder (ModelMalformed),
    /// or holds subgraphs or functions (ModelUnsupported).
    /// </exception>
    public static OnnxModel Load(string path) => Load(ModelBytes.Load(path, "model file"), path);

    /// <summary>The same for a file whose content is at hand.</summary>
    internal static OnnxModel Load(byte[] bytes, string path) =>
        Parse(bytes, path, new ExternalData(Path.GetDirectoryName(Path.GetFullPath(path))));

    /// <summary>Reads and checks a model in memory.</summary>
    /// <param name="bytes">The file's content; kept, not copied.</param>
    /// <param name="origin">The name to use in messages.</param>
    /// <exception cref="SelfAdaptException">
    /// It is malformed or keeps weights elsewhere (ModelMalformed), or holds subgraphs or functions
    /// (ModelUnsupported).
    /// </exception>
    public static OnnxModel Parse(byte[] bytes, string origin)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        return Parse(bytes, origin, new ExternalData(folder: null));
    }

    internal static OnnxModel Parse(byte[] bytes, string origin, ExternalData external)
    {
        OnnxModel model = new ModelParser(new ModelSource(bytes, origin) { External = external }).Parse();
        GraphChecker.Check(model);
        return model;
    }

    /// <summary>
    /// The model with new weights. Only what differs is written, in place; with unchanged values all files are
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
    public OnnxModel WithWeights(
        IReadOnlyDictionary<string, float[]> weights, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return new OnnxPatch(this).Apply(weights, metadata);
    }

    /// <summary>
    /// Writes the model, and beside it, under the names that it knows them by, the files that it keeps weights in.
    /// What is there is replaced.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SelfAdaptException">
    /// (OutputNotWritable) The folder is absent, protected or full; or (OutputExists) a file of weights would take the
    /// model's place, or the place of the weights that another model was read with.
    /// </exception>
    public void Save(string path)
    {
        RequireApart(path);
        foreach ((string location, ModelSource file) in Source.External.Files)
        {
            OutputFile.WriteDurably(Beside(path, location), file.Bytes);
        }

        OutputFile.WriteDurably(path, Bytes);
    }

    /// <summary>Where the model's files will be if it is saved.</summary>
    internal IEnumerable<string> FilesOf(string path) =>
        Source.External.Files.Keys.Select(location => Beside(path, location)).Append(path);

    /// <summary>Refuses a place where saving would destroy the model that this one came from, or itself.</summary>
    internal void RequireApart(string path)
    {
        foreach (string location in Source.External.Files.Keys)
        {
            string target = Path.GetFullPath(Beside(path, location));
            bool own = Path.GetFullPath(path) == Path.GetFullPath(Origin);
            if (target == Path.GetFullPath(path) || (target == Path.GetFullPath(Beside(Origin, location)) && !own))
            {
                throw new SelfAdaptException(
                    ErrorKind.OutputExists, target,
                    $"holds the weights of {Origin}, and those of {path} would take its place. Write to another "
                    + "folder.");
            }
        }
    }

    /// <summary>The same model as one file.</summary>
    internal OnnxModel Embedded()
    {
        if (Source.External.Files.Count == 0)
        {
            return this;
        }

        Splicer splicer = new(this);
        foreach (OnnxTensor tensor in Graph.Initializers.Where(t => t.Data.Source != Source))
        {
            splicer.Replace(tensor.Record, OnnxWriter.Initializer(tensor, tensor.Name));
        }

        return Parse(splicer.Finish(), Origin);
    }

    /// <summary>All that decides what the model computes, to be hashed.</summary>
    internal IEnumerable<byte[]> Contents => [Bytes, .. Source.External.Files.Values.Select(f => f.Bytes)];

    private static string Beside(string path, string location) =>
        Path.Combine(Path.GetDirectoryName(path) ?? "", location);

    /// <summary>
    /// The tensor that a weight's name stands for: an initialiser, a Constant node's value, or the
    /// initialiser
    /// that an Identity node passes on; null if it is none of these.
    /// </summary>
    /// <param name="name">Name of the initialiser, or of the node's output.</param>
    internal OnnxTensor? FindWeight(string name) => WeightIndex.Find(name)?.Tensor;
}

/// <summary>Where the parts of a model stand in its bytes.</summary>
/// <param name="GraphRecord">The graph field: tag, length, message.</param>
/// <param name="GraphPayload">Offset of the graph message itself, after tag and length.</param>
/// <param name="MetadataRecords">Each metadata field, by key.</param>
internal sealed record ModelLayout(
    ByteRange GraphRecord, int GraphPayload, IReadOnlyDictionary<string, ByteRange> MetadataRecords);
