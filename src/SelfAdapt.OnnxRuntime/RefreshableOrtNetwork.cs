using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.OnnxRuntime;

/// <summary>ONNX Runtime as a teacher's engine: its session is made anew whenever the weights have moved.</summary>
internal sealed class RefreshableOrtNetwork : IRefreshableNetwork
{
    private readonly RefreshableSession _session;
    private readonly OrtNetwork _network;

    /// <summary>Loads the model with its own weights.</summary>
    /// <param name="network">The same, as the engine trains it.</param>
    /// <param name="options">Where and how it runs.</param>
    /// <exception cref="SelfAdaptException">
    /// ONNX Runtime refuses the model (ModelUnsupported); it can't be loaded, or the device can't be had
    /// (DeviceMissing).
    /// </exception>
    public RefreshableOrtNetwork(OnnxModel model, Network network, OrtOptions options)
    {
        model = InputPower.Without(model);
        _session = new RefreshableSession(
            model, [.. network.Parameters.Concat(network.Statistics).Select(t => t.Name)], options);
        _network = OrtNetwork.Over(
            _session, model, new OrtNetworkOutputs(network.OutputName, network.EmbeddingName, network.OutputsInFile));
        Engine = $"ONNX Runtime {OrtRuntime.Version} on {options.ProviderName}";
    }

    public string Engine { get; }

    public int InputChannels => _network.InputChannels;

    public OutputDescription Outputs => _network.Outputs;

    public int EmbeddingLength => _network.EmbeddingLength;

    public void Refresh(ReadOnlySpan<float> weights) => _session.Refresh(weights);

    public void Run(
        ReadOnlySpan<float> input, int batch, int height, int width, Span<float> output, Span<float> embedding) =>
        _network.Run(input, batch, height, width, output, embedding);

    public void Dispose() => _network.Dispose();
}
