using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Adaptation.Learning;

/// <summary>A teacher that another engine runs: weights, views and outputs go through the host.</summary>
internal sealed class HostTeacher(IRefreshableNetwork network, int weightCount, int batch, int size) : ITeacherEngine
{
    private readonly float[] _weights = new float[weightCount];
    private readonly float[] _input = new float[batch * network.InputChannels * size * size];
    private readonly float[] _output = new float[batch * network.Outputs.Channels * size * size];
    private readonly float[] _embedding = new float[batch * network.EmbeddingLength];

    public string Name => network.Engine;

    public void Refresh(NetworkWeights weights)
    {
        int parameters = weights.Parameters.Length;
        weights.Parameters.Download(_weights.AsSpan(0, parameters));
        weights.Statistics.Download(_weights.AsSpan(parameters));
        network.Refresh(_weights);
    }

    public void Run(DeviceVector input, DeviceVector output)
    {
        input.Download(_input);
        network.Run(_input, batch, size, size, _output, _embedding);
        output.Upload(_output);
    }

    public void Dispose() => network.Dispose();
}
