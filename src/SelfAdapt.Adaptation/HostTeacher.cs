using System;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Adaptation;

/// <summary>A teacher that another engine runs: weights, views and outputs go through the host.</summary>
internal sealed class HostTeacher : ITeacherEngine
{
    private readonly IRefreshableNetwork _network;
    private readonly int _batch;
    private readonly int _size;
    private readonly float[] _weights;
    private readonly float[] _input;
    private readonly float[] _output;
    private readonly float[] _embedding;

    public HostTeacher(IRefreshableNetwork network, int weights, int batch, int size)
    {
        (_network, _batch, _size) = (network, batch, size);
        _weights = new float[weights];
        _input = new float[batch * network.InputChannels * size * size];
        _output = new float[batch * network.Outputs.Channels * size * size];
        _embedding = new float[batch * network.EmbeddingLength];
    }

    public string Name => _network.Engine;

    public void Refresh(NetworkWeights weights)
    {
        int parameters = weights.Parameters.Length;
        weights.Parameters.Download(_weights.AsSpan(0, parameters));
        weights.Statistics.Download(_weights.AsSpan(parameters));
        _network.Refresh(_weights);
    }

    public void Run(DeviceVector input, DeviceVector output)
    {
        input.Download(_input);
        _network.Run(_input, _batch, _size, _size, _output, _embedding);
        output.Upload(_output);
    }

    public void Dispose() => _network.Dispose();
}
