using SelfAdapt.Models.Graph;

namespace SelfAdapt.Adaptation.Learning;

/// <summary>The weights that do not learn.</summary>
internal static class FrozenWeights
{
    /// <summary>The level from which on a layer is no longer shallow.</summary>
    private const int DeepLevel = 2;

    /// <summary>Runs of the flat weights that stay as they are, in order, neighbours joined.</summary>
    /// <param name="parameters">The trained tensors, in the order in which the network uses them.</param>
    public static IReadOnlyList<(int Offset, int Length)> Of(
        IReadOnlyList<NetworkTensor> parameters, TrainedLayers layers)
    {
        int shallow = parameters.TakeWhile(p => p.Level is >= 0 and < DeepLevel).Count();
        List<(int Offset, int Length)> frozen = [];
        for (int i = 0; i < parameters.Count; i++)
        {
            NetworkTensor tensor = parameters[i];
            bool learns = layers switch
            {
                TrainedLayers.Norm => tensor.Role is TensorRole.NormScale or TensorRole.NormBias,
                TrainedLayers.Shallow => i < shallow,
                _ => true,
            };
            if (learns)
            {
                continue;
            }

            if (frozen.Count > 0 && frozen[^1].Offset + frozen[^1].Length == tensor.Offset)
            {
                frozen[^1] = (frozen[^1].Offset, frozen[^1].Length + tensor.Length);
            }
            else
            {
                frozen.Add((tensor.Offset, tensor.Length));
            }
        }

        return frozen;
    }
}
