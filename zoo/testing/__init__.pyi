from .colorizer_contract import ColorizerContract as ColorizerContract
from .container_contract import ContainerContract as ContainerContract
from .dataset_contract import DatasetContract as DatasetContract
from .images import synthetic_picture as synthetic_picture
from .metric_contract import MetricContract as MetricContract
