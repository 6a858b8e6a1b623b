using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>BatchNormalization, exported in evaluation mode.</summary>
/// <param name="name">Its name in the ONNX file.</param>
/// <param name="input">The map it reads.</param>
/// <param name="output">The map it makes.</param>
/// <param name="scale">[channels].</param>
/// <param name="bias">[channels].</param>
/// <param name="mean">The stored mean, [channels].</param>
/// <param name="variance">The stored variance, [channels].</param>
/// <param name="epsilon">What is added to the variance.</param>
internal sealed class BatchNormalizationNode(
    string name, int input, int output, NetworkTensor scale, NetworkTensor bias, NetworkTensor mean,
    NetworkTensor variance, float epsilon)
    : NetworkNode(name, [input], output)
{
    public NetworkTensor Scale => scale;

    public NetworkTensor Bias => bias;

    public NetworkTensor Mean => mean;

    public NetworkTensor Variance => variance;

    public float Epsilon => epsilon;

    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.Map(node, 0);
        if (node.GetInt("training_mode", 0) != 0)
        {
            throw reader.Refuse(node, "it was exported in training mode: export the network in evaluation mode.");
        }

        long[] channels = [x.Channels];
        NetworkTensor scale = reader.AddWeight(node, 1, channels, TensorRole.NormScale);
        NetworkTensor bias = reader.AddWeight(node, 2, channels, TensorRole.NormBias);
        NetworkTensor mean = reader.AddWeight(node, 3, channels, TensorRole.NormMean);
        NetworkTensor variance = reader.AddWeight(node, 4, channels, TensorRole.NormVariance);
        float epsilon = node.GetFloat("epsilon", 1e-5f);
        return reader.Emit(x.Value, x.Dims, y => new BatchNormalizationNode(
            node.Name, x.Id, y, scale, bias, mean, variance, epsilon));
    }

    public override void Write(NetworkWriter writer)
    {
        NetworkTensor[] tensors = [scale, bias, mean, variance];
        float[][] values = [.. tensors.Select(writer.Values)];
        if (writer.IsHalf)
        {
            // Small variances have no digits as 16-bit floats: they go into scale and bias beforehand.
            for (int i = 0; i < scale.Length; i++)
            {
                double factor = values[0][i] / Math.Sqrt((double)values[3][i] + epsilon);
                values[0][i] = (float)factor;
                values[1][i] -= (float)(values[2][i] * factor);
                (values[2][i], values[3][i]) = (0, 1);
            }
        }

        string[] names = [.. tensors.Select((t, i) => writer.Store(t.Name, values[i], [t.Length]))];
        writer.Emit(
            "BatchNormalization", this, [writer.Narrow(Inputs[0]), .. names],
            OnnxAttribute.Float("epsilon", writer.IsHalf ? 0 : epsilon));
    }
}
