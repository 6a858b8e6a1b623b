using System;
using System.Linq;
using SelfAdapt.Adaptation;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.OnnxRuntime;

/// <summary>
/// ONNX Runtime as the teacher's engine; its session is renewed whenever the weights have moved.
/// </summary>
public sealed class OrtTeacher : ITeacherEngine
{
    private readonly RefreshableSession _session;
    private readonly OrtNetwork _network;
    private readonly int _batch;
    private readonly int _size;
    private readonly float[] _weights;
    private readonly float[] _input;
    private readonly float[] _output;
    private readonly float[] _embedding;

    /// <summary>Loads the model with its own weights.</summary>
    /// <param name="library">The native library.</param>
    /// <param name="model">The model.</param>
    /// <param name="network">The same, as the engine trains it.</param>
    /// <param name="options">Where and how it runs.</param>
    /// <param name="batch">Images per call.</param>
    /// <param name="size">Height and width, px.</param>
    /// <exception cref="SelfAdaptException">
    /// ONNX Runtime refuses the model (ModelUnsupported), or the device can't be had (DeviceMissing).
    /// </exception>
    public OrtTeacher(
        OrtLibrary library, OnnxModel model, Network network, OrtOptions options, int batch, int size)
    {
        ArgumentNullException.ThrowIfNull(library);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(options);
        string[] names = [.. network.Parameters.Concat(network.Statistics).Select(t => t.Name)];
        (_batch, _size) = (batch, size);
        _weights = new float[network.ParameterCount + network.StatisticsCount];
        _session = new RefreshableSession(library, model, names, options);
        _network = OrtNetwork.Over(
            _session, model,
            new OrtNetworkOutputs(network.OutputName, network.EmbeddingName, network.Outputs));
        _input = new float[batch * network.InputChannels * size * size];
        _output = new float[batch * network.Outputs.Channels * size * size];
        _embedding = new float[batch * _network.EmbeddingLength];
        Name = $"ONNX Runtime {library.Version} on {options.ProviderName}";
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public void Refresh(NetworkWeights weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        int parameters = weights.Parameters.Length;
        weights.Parameters.Download(_weights.AsSpan(0, parameters));
        weights.Statistics.Download(_weights.AsSpan(parameters));
        _session.Refresh(_weights);
    }

    /// <inheritdoc/>
    public void Run(DeviceVector input, DeviceVector output)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        input.Download(_input);
        _network.Run(_input, _batch, _size, _size, _output, _embedding);
        output.Upload(_output);
    }

    /// <inheritdoc/>
    public void Dispose() => _network.Dispose();
}
