using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Autodiff;

/// <summary>
/// The built-in engine as a network for segmentation: evaluation mode, graphs compiled as batch sizes and tile
/// sizes come up.
/// </summary>
public sealed class EngineNetwork : ISegmentationNetwork
{
    // Tiles of one image have one size; a rest batch and the next image's size make a few more.
    private const int GraphsKept = 3;

    private readonly NetworkWeights _weights;
    private readonly Backend _backend;
    private readonly NetworkWeights? _owned;
    private readonly List<TrainableGraph> _graphs = [];

    /// <param name="weights">The weights, which stay the caller's and may change between runs.</param>
    internal EngineNetwork(NetworkWeights weights, Backend backend)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(backend);
        (_weights, _backend) = (weights, backend);
    }

    /// <summary>Couples a network's weights with a backend.</summary>
    /// <param name="network">The network.</param>
    /// <param name="snapshot">Its weights; null: those that it was read with.</param>
    /// <param name="backend">Where it runs; it stays the caller's.</param>
    public EngineNetwork(Network network, WeightSnapshot? snapshot, Backend backend)
        : this(new NetworkWeights(network, backend), backend)
    {
        _owned = _weights;
        if (snapshot is not null)
        {
            _weights.Upload(snapshot.Parameters, snapshot.Statistics);
        }
    }

    /// <inheritdoc/>
    public int InputChannels => _weights.Network.InputChannels;

    /// <inheritdoc/>
    public OutputDescription Outputs => _weights.Network.Outputs;

    /// <inheritdoc/>
    public double Gamma => _weights.Network.Gamma;

    /// <inheritdoc/>
    public int EmbeddingLength => _weights.Network.EmbeddingLength;

    /// <inheritdoc/>
    public void Run(
        ReadOnlySpan<float> input, int batch, int height, int width, Span<float> output, Span<float> embedding)
    {
        TrainableGraph graph = Graph(batch, height, width);
        graph.Input.Upload(input);
        graph.Forward();
        graph.Output.Download(output);
        graph.Embedding.Download(embedding);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (TrainableGraph graph in _graphs)
        {
            graph.Dispose();
        }

        _owned?.Dispose();
    }

    private TrainableGraph Graph(int batch, int height, int width)
    {
        TrainableGraph? graph =
            _graphs.FirstOrDefault(g => g.Batch == batch && g.Height == height && g.Width == width);
        if (graph is not null)
        {
            // Most recently used last.
            _graphs.Remove(graph);
            _graphs.Add(graph);
            return graph;
        }

        if (_graphs.Count == GraphsKept)
        {
            _graphs[0].Dispose();
            _graphs.RemoveAt(0);
        }

        graph = new TrainableGraph(_weights.Network, _weights, _backend, batch, height, width, GraphMode.Inference);
        _graphs.Add(graph);
        return graph;
    }
}
