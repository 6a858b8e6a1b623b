using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Gemm with a transposed weight, or a 1x1 Conv on pooled features: y = W x + b.</summary>
/// <param name="name">Its name in the ONNX file.</param>
/// <param name="input">The pooled features it reads.</param>
/// <param name="output">The features it makes.</param>
/// <param name="weight">[outputs, inputs], or [outputs, inputs, 1, 1].</param>
/// <param name="bias">[outputs].</param>
internal sealed class LinearNode(string name, int input, int output, NetworkTensor weight, NetworkTensor bias)
    : NetworkNode(name, [input], output)
{
    public NetworkTensor Weight => weight;

    public NetworkTensor Bias => bias;

    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.Activation(node, 0);
        long[] weight = [.. reader.FindWeight(node, 1)?.Dims ?? []];
        bool plain = node.GetFloat("alpha", 1) == 1 && node.GetFloat("beta", 1) == 1
            && node.GetInt("transA", 0) == 0 && node.GetInt("transB", 0) == 1;
        if (!plain || x.Dims.Length != 2 || weight is not [> 0, var inputs] || inputs != x.Channels
            || node.Inputs.Count < 3)
        {
            throw reader.Refuse(node, "only y = x W^T + b on pooled features can be trained.");
        }

        NetworkTensor w = reader.AddWeight(node, 1, weight, TensorRole.Weight);
        NetworkTensor b = reader.AddWeight(node, 2, [weight[0]], TensorRole.Bias);
        return reader.Emit(
            x.Value with { Channels = (int)weight[0] }, [x.Dims[0], weight[0]],
            y => new LinearNode(node.Name, x.Id, y, w, b));
    }

    public override void Write(NetworkWriter writer) => ConvolutionNode.Write(
        writer, "Conv", this, weight, bias, [weight.Shape[0], weight.Shape[1], 1, 1],
        [
            OnnxAttribute.Ints("kernel_shape", 1, 1), OnnxAttribute.Ints("pads", 0, 0, 0, 0),
            OnnxAttribute.Ints("strides", 1, 1),
        ]);
}
