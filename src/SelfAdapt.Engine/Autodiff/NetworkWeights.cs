using SelfAdapt.Engine.Autodiff.Operations;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff;

/// <summary>One set of weights of a network on a backend: the student's, the teacher's, the anchor's.</summary>
internal sealed class NetworkWeights : IDisposable
{
    private readonly Dictionary<NetworkTensor, PreparedConvolution> _convolutions = [];

    /// <summary>Uploads the weights that the network was imported with.</summary>
    public NetworkWeights(Network network, Backend backend)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(backend);
        (Network, Backend) = (network, backend);
        Parameters = backend.CreateVector(network.ParameterCount);
        Statistics = backend.CreateVector(network.StatisticsCount);
        Upload(network.InitialParameters, network.InitialStatistics);
    }

    public Network Network { get; }

    internal Backend Backend { get; }

    /// <summary>All trained values, laid out as <see cref="Network.Parameters"/>.</summary>
    public DeviceVector Parameters { get; }

    /// <summary>All stored statistics, laid out as <see cref="Network.Statistics"/>.</summary>
    public DeviceVector Statistics { get; }

    /// <summary>Counts changes, so that prepared forms of the weights know when they are stale.</summary>
    public int Version { get; private set; }

    /// <summary>To be called after the parameters were changed on the device.</summary>
    public void MarkChanged() => Version++;

    public void Upload(ReadOnlySpan<float> parameters, ReadOnlySpan<float> statistics)
    {
        Parameters.Upload(parameters);
        Statistics.Upload(statistics);
        MarkChanged();
    }

    /// <summary>All values, on the host.</summary>
    public WeightSnapshot Download() => new(Parameters.Download(), Statistics.Download());

    /// <summary>
    /// The convolution with one of the weights. Graphs share it, because prepared weights take up to four times the
    /// memory of the weights themselves.
    /// </summary>
    internal PreparedConvolution Convolution(ConvolutionNode weights)
    {
        if (!_convolutions.TryGetValue(weights.Weight, out PreparedConvolution? convolution))
        {
            convolution = new PreparedConvolution(this, weights);
            _convolutions.Add(weights.Weight, convolution);
        }

        return convolution;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PreparedConvolution convolution in _convolutions.Values)
        {
            convolution.Dispose();
        }

        Parameters.Dispose();
        Statistics.Dispose();
    }
}

/// <summary>A copy of a network's weights on the host.</summary>
/// <param name="Parameters">All trained values.</param>
/// <param name="Statistics">All stored statistics.</param>
public sealed record WeightSnapshot(float[] Parameters, float[] Statistics)
{
    /// <summary>The weights by their names in the ONNX file, as its patch takes them.</summary>
    /// <param name="network">The network they belong to.</param>
    public IReadOnlyDictionary<string, float[]> ByName(Network network)
    {
        ArgumentNullException.ThrowIfNull(network);
        Dictionary<string, float[]> named = [];
        foreach (NetworkTensor tensor in network.Parameters)
        {
            named[tensor.Name] = Parameters.AsSpan(tensor.Offset, tensor.Length).ToArray();
        }

        foreach (NetworkTensor tensor in network.Statistics)
        {
            named[tensor.Name] = Statistics.AsSpan(tensor.Offset, tensor.Length).ToArray();
        }

        return named;
    }
}
