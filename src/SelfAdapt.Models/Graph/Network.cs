using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph;

/// <summary>
/// The plain graph that an ONNX file becomes: typed operators with size computations, aliases and changes of rank
/// folded away, so that it can be compiled for any batch and size or written anew, and its weights laid out in one
/// flat run.
/// </summary>
public sealed class Network
{
    internal Network()
    {
    }

    /// <summary>Channels of the image input.</summary>
    public required int InputChannels { get; init; }

    /// <summary>The power that its input is to be raised to, as the file says; the graph begins behind it.</summary>
    public double Gamma { get; init; } = 1;

    /// <summary>Name of the image input in the ONNX graph.</summary>
    public required string InputName { get; init; }

    /// <summary>Name of the output that is trained.</summary>
    public required string OutputName { get; init; }

    /// <summary>Name of the ONNX output that returns the embedding, or null where the graph has none.</summary>
    public required string? EmbeddingName { get; init; }

    /// <summary>What the output's channels mean.</summary>
    public required OutputDescription Outputs { get; init; }

    /// <summary>Length of the embedding: the style vector, or pooled bottleneck features of unit length.</summary>
    public required int EmbeddingLength { get; init; }

    /// <summary>The trained tensors, in the order in which the graph uses them.</summary>
    internal IReadOnlyList<NetworkTensor> Parameters { get; init; } = [];

    /// <summary>The stored statistics of batch normalisation.</summary>
    internal IReadOnlyList<NetworkTensor> Statistics { get; init; } = [];

    /// <summary>Height and width must be multiples of this.</summary>
    public required int SizeMultiple { get; init; }

    /// <summary>Number of trainable values.</summary>
    public int ParameterCount => Length(Parameters);

    /// <summary>Number of stored statistics.</summary>
    public int StatisticsCount => Length(Statistics);

    /// <summary>The values of the parameters as imported, back to back.</summary>
    public required float[] InitialParameters { get; init; }

    /// <summary>The values of the statistics as imported, back to back.</summary>
    public required float[] InitialStatistics { get; init; }

    /// <summary>The operators in execution order.</summary>
    internal IReadOnlyList<NetworkNode> Nodes { get; init; } = [];

    /// <summary>The activations; 0 is the image.</summary>
    internal IReadOnlyList<NetworkValue> Values { get; init; } = [];

    /// <summary>The activation that is trained.</summary>
    internal int OutputValue { get; init; }

    /// <summary>The activation that is the embedding.</summary>
    internal int EmbeddingValue { get; init; }

    /// <summary>Reads a model.</summary>
    /// <param name="model">A checked ONNX model.</param>
    /// <param name="outputs">What the output channels mean; null: Cellpose for three, a logit for one.</param>
    /// <exception cref="SelfAdaptException">
    /// <see cref="ErrorKind.ModelUnsupported"/>: an operator, or a use of one, that can't be trained, or outputs
    /// whose meaning is not known.
    /// </exception>
    public static Network Read(OnnxModel model, OutputDescription? outputs = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return NetworkReader.Read(model, outputs);
    }

    /// <summary>How the trained output comes of what the graph returns; null where it is returned as it is.</summary>
    internal JoinedOutput? Joined { get; init; }

    /// <summary>What the channels mean in the file, where logits may be probabilities.</summary>
    internal OutputDescription OutputsInFile => Joined?.InFile ?? Outputs;

    /// <summary>Whether the file returns one map of the image's size.</summary>
    internal bool ReturnsOneMap => Joined is null or { Returned.Count: 1, InFile.Grid: 1 };

    /// <summary>The outputs of the graph that are trained, and their values.</summary>
    internal IReadOnlyList<(string Name, int Value)> Returned =>
        Joined is null ? [(OutputName, OutputValue)] : [.. Joined.Returned.Select(r => (r.Name, r.Map.Id))];

    /// <summary>The nodes that training runs, in execution order.</summary>
    internal IReadOnlyList<NetworkNode> TrainedNodes => NodesFor(OutputValue, EmbeddingValue);

    /// <summary>The nodes that values are made by, in execution order.</summary>
    internal IReadOnlyList<NetworkNode> NodesFor(params IEnumerable<int> values)
    {
        HashSet<int> needed = [.. values];
        List<NetworkNode> kept = [];
        foreach (NetworkNode node in Nodes.Reverse().Where(n => needed.Contains(n.Output)))
        {
            needed.UnionWith(node.Inputs);
            kept.Insert(0, node);
        }

        return kept;
    }

    private static int Length(IReadOnlyList<NetworkTensor> tensors) =>
        tensors.Count == 0 ? 0 : tensors[^1].Offset + tensors[^1].Length;
}

/// <summary>A weight tensor's place in the flat run.</summary>
/// <param name="Name">Its name in the ONNX file.</param>
/// <param name="Shape">Its dimensions there.</param>
/// <param name="Offset">First index in the flat run.</param>
/// <param name="Length">Number of values.</param>
/// <param name="Role">What it is to its operation.</param>
/// <param name="Level">Halvings of the image that it works on, -1 for features pooled to 1x1.</param>
internal sealed record NetworkTensor(
    string Name, IReadOnlyList<int> Shape, int Offset, int Length, TensorRole Role, int Level);

/// <summary>What a weight tensor is to its operation.</summary>
internal enum TensorRole
{
    /// <summary>The kernel of a convolution or the matrix of a linear layer.</summary>
    Weight,

    /// <summary>What a convolution or linear layer adds.</summary>
    Bias,

    /// <summary>The factor of a batch normalisation.</summary>
    NormScale,

    /// <summary>What a batch normalisation adds.</summary>
    NormBias,

    /// <summary>The stored mean of a batch normalisation.</summary>
    NormMean,

    /// <summary>The stored variance of a batch normalisation.</summary>
    NormVariance,
}

/// <summary>Words for messages.</summary>
internal static class TensorRoles
{
    /// <summary>What ONNX calls it.</summary>
    public static string Word(this TensorRole role) => role switch
    {
        TensorRole.Weight => "weight",
        TensorRole.NormScale => "scale",
        TensorRole.NormMean => "mean",
        TensorRole.NormVariance => "variance",
        _ => "bias",
    };
}

/// <summary>An activation: its size relative to the input image.</summary>
/// <param name="Channels">Number of channels.</param>
/// <param name="Level">Halvings since the input, -1 for pooled to 1x1.</param>
internal readonly record struct NetworkValue(int Channels, int Level)
{
    /// <summary>The level of values that are pooled to a single pixel.</summary>
    public const int Pooled = -1;

    /// <summary>The size for a batch of images.</summary>
    public TensorShape ShapeFor(int batch, int height, int width) =>
        Level == Pooled
            ? new TensorShape(batch, Channels, 1, 1)
            : new TensorShape(batch, Channels, height >> Level, width >> Level);
}
