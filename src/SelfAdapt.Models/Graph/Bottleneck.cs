using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Models.Graph;

/// <summary>The map at the lowest resolution that all that a network knows of a wider surrounding goes through.</summary>
internal static class Bottleneck
{
    /// <summary>
    /// The last map at the lowest resolution that every way back to a higher one, or to pooled features, leads through; in a
    /// U-Net the encoder's output, in Cellpose's that which the style is made of.
    /// </summary>
    /// <returns>Null where there is none: the network halves nothing, or two ways pass each other by.</returns>
    public static int? Find(Network network)
    {
        IReadOnlyList<NetworkNode> nodes = network.NodesFor(network.OutputValue);
        int deepest = nodes.Select(n => Level(n.Output)).DefaultIfEmpty().Max();
        return deepest < 1 ? null : nodes.Select(n => (int?)n.Output)
            .LastOrDefault(v => Level(v!.Value) == deepest && !IsPassedBy(v.Value));

        int Level(int value) => network.Values[value].Level;

        bool IsPassedBy(int cut)
        {
            HashSet<int> beside = [];
            foreach (NetworkNode node in nodes.Where(n => n.Output != cut))
            {
                bool isDeep = Level(node.Output) == deepest;
                bool enters = isDeep && node.Inputs.Any(i => Level(i) is not NetworkValue.Pooled && Level(i) < deepest);
                bool goesOn = node.Inputs.Any(beside.Contains);
                if (goesOn && !isDeep)
                {
                    return true;
                }

                if (enters || goesOn)
                {
                    beside.Add(node.Output);
                }
            }

            return false;
        }
    }

    /// <summary>The network with a factor per channel behind its bottleneck.</summary>
    /// <param name="factors">
    /// Their place among the parameters; 1 at first. What they are multiplied by is a batch normalisation that normalises
    /// nothing, as every backend has it.
    /// </param>
    /// <exception cref="SelfAdaptException">ModelUnsupported: it has no bottleneck.</exception>
    public static Network WithFactors(Network network, out NetworkTensor factors)
    {
        int bottleneck = Find(network)
            ?? throw new SelfAdaptException(ErrorKind.ModelUnsupported, "the network has no bottleneck.");
        NetworkValue value = network.Values[bottleneck];
        int scaled = network.Values.Count;
        (float[] one, float[] zero) = ([.. Enumerable.Repeat(1f, value.Channels)], new float[value.Channels]);
        NetworkTensor scale = Tensor(TensorRole.NormScale, network.ParameterCount);
        NetworkTensor bias = Tensor(TensorRole.NormBias, network.ParameterCount + value.Channels);
        NetworkTensor mean = Tensor(TensorRole.NormMean, network.StatisticsCount);
        NetworkTensor variance = Tensor(TensorRole.NormVariance, network.StatisticsCount + value.Channels);
        factors = scale;
        return new Network
        {
            InputChannels = network.InputChannels,
            InputName = network.InputName,
            OutputName = network.OutputName,
            EmbeddingName = network.EmbeddingName,
            Outputs = network.Outputs,
            Joined = network.Joined,
            EmbeddingLength = network.EmbeddingLength,
            Parameters = [.. network.Parameters, scale, bias],
            Statistics = [.. network.Statistics, mean, variance],
            SizeMultiple = network.SizeMultiple,
            InitialParameters = [.. network.InitialParameters, .. one, .. zero],
            InitialStatistics = [.. network.InitialStatistics, .. zero, .. one],
            Nodes = [.. network.Nodes.SelectMany(n => n.Output == bottleneck
                ? [n, new BatchNormalizationNode("", bottleneck, scaled, scale, bias, mean, variance, 0)]
                : new[] { n.Reading(scaled, bottleneck) })],
            Values = [.. network.Values, value],
            OutputValue = network.OutputValue,
            EmbeddingValue = network.EmbeddingValue,
        };

        NetworkTensor Tensor(TensorRole role, int offset) =>
            new($"bottleneck {role.Word()}", [value.Channels], offset, value.Channels, role, value.Level);
    }
}
