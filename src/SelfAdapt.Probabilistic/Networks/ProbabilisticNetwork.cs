using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Operators;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Probabilistic.Networks;

/// <summary>A Probabilistic U-Net as the engine takes it: three graphs over one set of weights.</summary>
internal sealed class ProbabilisticNetwork
{
    private ProbabilisticNetwork(ProbabilisticShape shape, Network training)
    {
        (Shape, Training) = (shape, training);
        NetworkNode maps = Node(ProbabilisticUNetGraph.MapsNode);
        Looking = Part(training.Values, training.Nodes, maps.Output, Node(ProbabilisticUNetGraph.PriorNode).Output);
        LatentLayer = (LinearNode)Node("combine.latent");
        Sampling = Combination();
        NormGroups = FindNormGroups();
    }

    public ProbabilisticShape Shape { get; }

    /// <summary>Everything: logit and latents from image, mask and noise (<see cref="ProbabilisticUNetGraph.Build"/>).</summary>
    public Network Training { get; }

    /// <summary>
    /// What is the same for all samples of an image: the maps' half of the first combining layer and, as embedding, the prior's
    /// means and logarithms of deviations; of the input only the image is read.
    /// </summary>
    public Network Looking { get; }

    /// <summary>The latent's half of the first combining layer.</summary>
    public LinearNode LatentLayer { get; }

    /// <summary>The rest: a logit from what both halves make together, after ReLU.</summary>
    public Network Sampling { get; }

    /// <summary>Channels of the maps between the two.</summary>
    public int MapChannels => Shape.Widths[0];

    /// <summary>The tensors whose norms the loss adds, halves of one weight together.</summary>
    public IReadOnlyList<IReadOnlyList<NetworkTensor>> NormGroups { get; }

    /// <summary>Reads a model; null where it is no Probabilistic U-Net.</summary>
    /// <exception cref="SelfAdaptException">ModelUnsupported: it says that it is one and is none.</exception>
    public static ProbabilisticNetwork? Read(OnnxModel model)
    {
        if (ProbabilisticShape.Of(model) is not { } shape)
        {
            return null;
        }

        Network network = Network.Read(model);
        string[] needed = [ProbabilisticUNetGraph.MapsNode, ProbabilisticUNetGraph.PriorNode, "combine.latent"];
        return network.InputChannels == 2 + shape.Latent && network.EmbeddingLength == 4 * shape.Latent
            && needed.All(name => network.Nodes.Any(n => n.Name == name))
            ? new(shape, network)
            : throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, model.Origin,
                "it is the exported form of a Probabilistic U-Net, or another network: give the file that training wrote beside it "
                + "(probabilistic.onnx).");
    }

    private NetworkNode Node(string name) => Training.Nodes.First(n => n.Name == name);

    private NetworkTensor Tensor(string name) => Training.Parameters.First(t => t.Name == name);

    private Network Combination()
    {
        NetworkValue map = new(MapChannels, 0);
        List<NetworkValue> values = [map];
        List<NetworkNode> nodes = [];
        int x = 0;
        for (int layer = 1; layer < Shape.Combining; layer++)
        {
            int from = layer == 1 ? x : Add(map, y => new ReluNode("", x, y));
            NetworkTensor weight = Tensor($"combine.{layer}.weight");
            NetworkTensor bias = Tensor($"combine.{layer}.bias");
            x = Add(new(weight.Shape[0], 0), y => new ConvolutionNode("", from, y, weight, bias));
        }

        int embedding = Add(new(1, NetworkValue.Pooled), y => new GlobalAveragePoolNode("", x, y));
        return Part(values, nodes, x, embedding);

        int Add(NetworkValue value, Func<int, NetworkNode> make)
        {
            nodes.Add(make(values.Count));
            values.Add(value);
            return values.Count - 1;
        }
    }

    /// <summary>A graph over the same weights.</summary>
    private Network Part(
        IReadOnlyList<NetworkValue> values, IReadOnlyList<NetworkNode> nodes, int output, int embedding) => new()
        {
            InputChannels = values[0].Channels,
            InputName = Training.InputName,
            OutputName = Training.OutputName,
            EmbeddingName = null,
            Outputs = OutputDescription.Foreground,
            EmbeddingLength = values[embedding].Channels,
            Parameters = Training.Parameters,
            Statistics = Training.Statistics,
            SizeMultiple = Training.SizeMultiple,
            InitialParameters = Training.InitialParameters,
            InitialStatistics = Training.InitialStatistics,
            Nodes = nodes,
            Values = values,
            OutputValue = output,
            EmbeddingValue = embedding,
        };

    private List<IReadOnlyList<NetworkTensor>> FindNormGroups()
    {
        // Every tensor of prior and posterior, and of the combining layers but the last.
        NetworkTensor[] counted = [.. Training.Parameters.Where(t =>
            !t.Name.StartsWith("body.", StringComparison.Ordinal)
            && !t.Name.StartsWith($"combine.{Shape.Combining - 1}.", StringComparison.Ordinal))];
        return [.. counted.GroupBy(Whole).Select(g => (IReadOnlyList<NetworkTensor>)[.. g])];

        // The name of the weight that a tensor is a half of, or its own.
        static string Whole(NetworkTensor tensor) => tensor.Name
            .Replace(".log_deviation.", ".mean.", StringComparison.Ordinal)
            .Replace("combine.0.maps.", "combine.0.latent.", StringComparison.Ordinal);
    }
}
